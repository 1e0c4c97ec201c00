"""Notebooks whose Jupytext twin hides a package: beside `mlflow.ipynb`, `import mlflow` finds `mlflow.py`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_HARMLESS = ("pip",)  # %pip and !pip do not look into the current folder


class Shadows:
    """Watches a kernel's current folder, where Python looks for modules first."""

    def __init__(self, places: Iterable[str]) -> None:
        self._places = [Path(place) for place in places]
        self._seen = (Path(), 0)
        self._told: set[Path] = set()

    def new(self) -> list[str]:
        """Return warnings of modules that hide a package; each is given once, and none of what is imported already."""
        try:
            folder = Path.cwd()
            state = (folder, folder.stat().st_mtime_ns)
            if state == self._seen:
                return []
            self._seen = state
            found = [file for file in sorted(folder.glob("*.py")) if file not in self._told and self._hides(file)]
        except OSError:  # the folder was removed
            return []
        self._told.update(found)
        return [
            f"{file.name} beside your notebook hides the package {file.stem}: `import {file.stem}` runs that file "
            "instead. Rename the notebook (File > Rename Notebook), or remove the file, and restart the kernel."
            for file in found
        ]

    def _hides(self, file: Path) -> bool:
        return file.stem not in (*_HARMLESS, *sys.modules) and any(
            (place / file.stem / "__init__.py").is_file() or (place / file.name).is_file()
            for place in self._places
            if place != file.parent
        )
