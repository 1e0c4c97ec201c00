"""Build the standard library: Debian's, with bytecode for the store. Attributes: root."""

import shutil
from pathlib import Path

from store import argument, compile_bytecode, output, write_python

MANAGED = """\
[externally-managed]
Error=This environment is read-only, so that a run can be repeated with it.
 In a notebook, `%pip install NAME` puts a package into the overlay beside the notebooks.
 For good, add it to python/pyproject.toml and run python3 python/lock.py (README, "Change a dependency").
"""


def main() -> None:
    """Copy, leave out what points outside or is compiled already, compile."""
    root = argument("root")
    out = output()
    target = out / "lib" / "python3.11"

    def unwanted(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if name == "__pycache__" or (Path(folder) / name).is_symlink()]

    shutil.copytree(f"{root}/usr/lib/python3.11", target, ignore=unwanted, copy_function=shutil.copyfile)
    (target / "EXTERNALLY-MANAGED").write_text(MANAGED)
    compile_bytecode(target)
    write_python(out / "bin" / "python3.11", root, f"{root}/usr/lib/x86_64-linux-gnu")


main()
