"""Build the wheel of a source distribution, or of a folder, by its build backend.

Attributes: source, backend, tools.
"""

import importlib
import os
import shutil
import sys
import tarfile
from pathlib import Path

from store import SITE, argument, output


def unpacked(source: Path) -> Path:
    """Return a writable copy of the sources."""
    copy = Path.cwd() / "source"
    if source.is_dir():
        shutil.copytree(source, copy, copy_function=shutil.copyfile)
        for folder in [copy, *copy.rglob("*/")]:
            folder.chmod(0o755)
        return copy
    with tarfile.open(source) as archive:
        archive.extractall(copy)  # noqa: S202 - Nix has checked the hash that the lock names
    (folder,) = copy.iterdir()
    return folder


def main() -> None:
    """Call the backend as PEP 517 says, in this process."""
    out = output()
    source = unpacked(Path(argument("source")))
    tools = [str(Path(tool) / SITE) for tool in argument("tools").split()]
    sys.path[:0] = tools
    os.environ["PYTHONPATH"] = ":".join(tools)
    os.environ["SOURCE_DATE_EPOCH"] = "315532800"  # 1980, the earliest time that a zip file knows
    os.chdir(source)
    module, _, attribute = argument("backend").partition(":")
    backend = importlib.import_module(module)
    if attribute:
        backend = getattr(backend, attribute)
    backend.build_wheel(str(out))


main()
