"""A small lab, which lock.py works on as on python/, and the packages that it asks for."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[2]
# At the end: the package under test is the built one, not that of the tree.
sys.path.append(str(ROOT / "python"))

from locking import LockError, command, direct, listing  # noqa: E402 - after the path
from locking.folder import held, is_current, ours, write  # noqa: E402
from locking.project import beside  # noqa: E402
from locking.tools import PINNED, Tools  # noqa: E402

__all__ = [
    "PINNED",
    "ROOT",
    "Installed",
    "Lab",
    "LockError",
    "Tools",
    "beside",
    "command",
    "direct",
    "filled",
    "held",
    "is_current",
    "listing",
    "new_lab",
    "ours",
    "write",
]

if TYPE_CHECKING:
    from package_index import PackageIndex

WISHES = """[tool.poetry]
name = "jupyter-utils"
version = "0.1.0"
description = "A small lab"
authors = ["Somebody"]
packages = [{ include = "jupyter_utils" }]

[tool.poetry.dependencies]
python = "~3.11"
alpha = "*"

[tool.poetry.group.ml.dependencies]
sourced = "*"
torch = "2.13.0"
"""


class Installed(Tools):
    """Poetry where it was installed before."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"

    def install(self) -> None:
        pass


@dataclass
class Lab:
    """The folder that lock.py works on, as python/ is."""

    folder: Path

    def lock(self, *update: str, project: Path | None = None, newest: bool = False) -> None:
        command.lock(self.folder, project, list(update) if update or newest else None)

    def ask(self, line: str, below: str = 'python = "~3.11"\n') -> None:
        """Add a line to the wishes."""
        path = self.folder / "pyproject.toml"
        path.write_text(path.read_text().replace(below, f"{below}{line}\n"))

    def versions(self, folder: Path | None = None) -> dict[str, str]:
        return {row["name"]: row["version"] for row in self.rows(folder)}

    def rows(self, folder: Path | None = None) -> list[dict[str, object]]:
        files = json.loads(((folder or self.folder) / "files.json").read_text())
        return files["common"] + files["cuda"]

    def contents(self, folder: Path | None = None) -> dict[str, bytes]:
        """Return name -> content of all that is in the folder, to see that nothing has changed."""
        return {path.name: path.read_bytes() for path in (folder or self.folder).iterdir() if path.is_file()}


def new_lab(folder: Path) -> Lab:
    """Make a lab that asks for three packages, with nothing locked."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text(WISHES)
    shutil.copy(ROOT / "python" / "torch-cpu.json", folder)
    return Lab(folder)


def filled(index: PackageIndex) -> PackageIndex:
    """Offer what the small lab asks for, and some more."""
    index.add_wheel("alpha", "1.0", "gamma")
    index.add_wheel("beta", "1.0", "delta ; extra == 'more'", "epsilon ; sys_platform == 'win32'", extras="more")
    for name in ("gamma", "delta", "epsilon"):
        index.add_wheel(name, "1.0")
    index.add_wheel("torch", "2.13.0")
    index.add_wheel("torch", "2.12.0")
    index.add_source("sourced", "1.0")
    return index
