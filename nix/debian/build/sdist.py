"""Build the wheel of a source distribution, or of a folder, by its build backend.

Attributes: source, backend, tools.
"""

import importlib
import os
import re
import shutil
import sys
import tarfile
from email.parser import HeaderParser
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


def settle_version(source: Path) -> None:
    """Write the version into a setup.py that asks Git for it, from where setuptools_scm would take it without Git."""
    setup, record = source / "setup.py", source / "PKG-INFO"
    if setup.exists() and record.exists():
        version = HeaderParser().parsestr(record.read_text(encoding="utf-8"))["Version"]
        text = setup.read_text(encoding="utf-8")
        setup.write_text(re.sub(r"\buse_scm_version *= *True", f"version={version!r}", text), encoding="utf-8")


def main() -> None:
    """Call the backend as PEP 517 says, in this process."""
    out = output()
    source = unpacked(Path(argument("source")))
    tools = [str(Path(tool) / SITE) for tool in argument("tools").split()]
    sys.path[:0] = tools
    os.environ["PYTHONPATH"] = ":".join(tools)
    os.environ["SOURCE_DATE_EPOCH"] = "315532800"  # 1980, the earliest time that a zip file knows
    settle_version(source)
    os.chdir(source)
    module, _, attribute = argument("backend").partition(":")
    backend = importlib.import_module(module)
    if attribute:
        backend = getattr(backend, attribute)
    backend.build_wheel(str(out))


main()
