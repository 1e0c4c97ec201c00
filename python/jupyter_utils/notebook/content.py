"""The cells of a notebook, read from its file: to tell whether a file holds what a kernel runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class FileCell:
    """A code cell in a notebook's file; `id` is nbformat's (None in files before 4.5, and in text notebooks)."""

    id: str | None
    source: str


@dataclass(frozen=True)
class Content:
    """The code cells of a notebook's file; `text` is all of a text notebook (Jupytext), else empty."""

    cells: tuple[FileCell, ...]
    text: str = ""

    def holds(self, source: str) -> bool:
        r"""Tell whether a code cell has this source.

        >>> Content((FileCell("x", "a = 1\nb = 2"),)).holds("a = 1  \nb = 2\n")
        True
        >>> Content((FileCell("x", "a = 1\nb = 2"),)).holds("a = 1")
        False
        """
        wanted = normal(source)
        # In a text notebook the cell stands as it is, whatever its cells are marked with.
        return wanted in self._sources or (bool(self.text) and wanted in self.text)

    @cached_property
    def _sources(self) -> frozenset[str]:
        return frozenset(normal(cell.source) for cell in self.cells)


def normal(source: str) -> str:
    """Leave out trailing blanks, and blank lines at both ends: editors and IPython strip them differently."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def read_content(path: Path) -> Content | None:
    """Read the code cells of a notebook's file; None for one that cannot be read."""
    try:
        stat = path.stat()
        return _read(path, (stat.st_mtime_ns, stat.st_size, stat.st_ino))
    except (OSError, ValueError, TypeError, AttributeError, KeyError):
        return None


def holds_cell(path: Path, source: str) -> bool:
    r"""Tell whether the notebook file holds a cell with this source; False for a file that cannot be read.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "x.ipynb")
    ...     _ = file.write_text('{"cells": [{"cell_type": "code", "source": ["a = 1\\n", "b = 2"]}]}')
    ...     holds_cell(file, "a = 1\nb = 2\n"), holds_cell(file, "a = 1")
    (True, False)
    """
    content = read_content(path)
    return content is not None and content.holds(source)


@lru_cache(maxsize=1)  # a notebook with pictures takes a while to read, and is looked at more than once in a save
def _read(path: Path, _stamp: tuple[int, int, int]) -> Content:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        return Content(tuple(_cells(json.loads(text))))
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return Content(tuple(_text_cells(text, path.suffix)), lines)


def _cells(notebook: dict[str, list[dict[str, str | list[str]]]]) -> list[FileCell]:
    code = [cell for cell in notebook["cells"] if cell.get("cell_type") == "code"]
    return [FileCell(str(cell["id"]) if "id" in cell else None, "".join(cell["source"])) for cell in code]


def _text_cells(text: str, suffix: str) -> list[FileCell]:
    """Ask Jupytext, which knows how magics and cells are marked."""
    try:
        import jupytext

        notebook = jupytext.reads(text, fmt={"extension": suffix})
    except Exception:  # noqa: BLE001 - Jupytext absent, or a file that it does not read: the text alone tells
        return []
    return [FileCell(None, cell.source) for cell in notebook.cells if cell.cell_type == "code"]
