"""Build the standard library: Debian's, with bytecode for the store. Attributes: root; refusal, what pip says."""

import shutil
import sys
from pathlib import Path

from store import argument, compile_bytecode, output, write_python


def main() -> None:
    """Copy, leave out what points outside or is compiled already, compile."""
    root = argument("root")
    out = output()
    target = out / "lib" / "python3.11"

    def unwanted(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if name == "__pycache__" or (Path(folder) / name).is_symlink()]

    shutil.copytree(f"{root}/usr/lib/python3.11", target, ignore=unwanted, copy_function=shutil.copyfile)
    # Copied with the rights of the store, where folders are closed: bytecode is to lie in them.
    for folder in (target, *target.rglob("*/")):
        folder.chmod(0o755)
    (target / "EXTERNALLY-MANAGED").write_text(argument("refusal"))
    if not compile_bytecode(target):
        sys.exit("not every module of the standard library could be compiled")
    write_python(out / "bin" / "python3.11", root, f"{root}/usr/lib/x86_64-linux-gnu")


main()
