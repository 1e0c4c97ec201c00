"""Names that follow files and folders which are renamed."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def moved(path: str, old: str, new: str) -> str:
    """Return what a path is called after a file, or a folder above it, was renamed.

    >>> moved("a/b/n.ipynb", "a/b", "c")
    'c/n.ipynb'
    """
    if path == old or path.startswith(f"{old}/"):
        return f"{new}{path[len(old) :]}"
    return path


def move_keys(named: dict[str, T], old: str, new: str) -> None:
    """Rename the keys of what is kept by path."""
    for path in list(named):
        if (now := moved(path, old, new)) != path:
            named[now] = named.pop(path)
