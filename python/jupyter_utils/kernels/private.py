"""`%%private` on a cell's first line: the cell runs as any other, and no run keeps its text."""

from __future__ import annotations

import re
from typing import Any

_MARK = re.compile(r"\A\s*%%private[ \t]*(?:\n|\Z)")
WITHHELD = "%%private\n# not recorded"
"""What is kept in such a cell's place."""


def is_private(source: str) -> bool:
    r"""Tell whether a cell is marked.

    >>> is_private("%%private\nkey = 1"), is_private("%%time\n%%private"), is_private("%%privately")
    (True, False, False)
    """
    return _MARK.match(source) is not None


def offer(shell: Any) -> None:
    """Let IPython take the mark off before it runs a cell; any other magic may follow in the next line."""
    transforms = shell.input_transformer_manager.cleanup_transforms
    if not any(getattr(one, "__name__", "") == _unmarked.__name__ for one in transforms):
        transforms.insert(0, _unmarked)


def _unmarked(lines: list[str]) -> list[str]:
    return _MARK.sub("", "".join(lines)).splitlines(keepends=True)
