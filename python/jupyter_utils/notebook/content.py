"""The source of a notebook's cells, read from its file: to tell whether a file holds the cell that is running."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def holds_cell(path: Path, source: str) -> bool:
    r"""Tell whether the notebook file holds a cell with this source; False for a file that cannot be read.

    Trailing blanks and blank lines at both ends do not count: editors and IPython strip them differently.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "x.ipynb")
    ...     _ = file.write_text('{"cells": [{"cell_type": "code", "source": ["a = 1\\n", "b = 2"]}]}')
    ...     holds_cell(file, "a = 1\nb = 2\n"), holds_cell(file, "a = 1")
    (True, False)
    """
    wanted = _normal(source)
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            return any(_normal(cell) == wanted for cell in _cells(json.loads(text)))
    except (OSError, ValueError, TypeError, AttributeError, KeyError):
        return False
    # A text notebook (Jupytext): the cell stands in it as it is, but for the line ends.
    return wanted in "\n".join(line.rstrip() for line in text.splitlines())


def _cells(notebook: dict[str, list[dict[str, str | list[str]]]]) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell.get("cell_type") == "code"]


def _normal(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().splitlines())
