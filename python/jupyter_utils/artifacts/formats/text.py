"""Text and bytes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jupyter_utils.artifacts.registry import Details, Written

if TYPE_CHECKING:
    from pathlib import Path

_PATH_CHARACTERS = 4096


def check_text(value: str) -> str | None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        return f"holds half a character (a lone surrogate) at position {error.start}, which UTF-8 cannot"
    return None


def write_text(value: str, path: Path) -> Written:
    """Write text as UTF-8, line ends as they are."""
    path.write_bytes(value.encode())
    if not _names_a_file(value):
        return Written()
    said = (
        f"it holds the text {value!r}, which is also a path that exists: pathlib.Path({value!r}) stores what is there."
    )
    return Written(warnings=(said,))


def _names_a_file(value: str) -> bool:
    if not value.strip() or len(value) > _PATH_CHARACTERS or "\n" in value or "\0" in value:
        return False
    # A word may happen to be the name of a folder; a path has a suffix or a slash.
    return ("/" in value or "." in value) and os.path.exists(os.path.expanduser(value))  # noqa: PTH110, PTH111


def read_text(path: Path, _: Details) -> str:
    return path.read_bytes().decode()


def write_bytes(value: bytes | bytearray, path: Path) -> Written:
    path.write_bytes(value)
    return Written({"type": type(value).__name__})


def read_bytes(path: Path, details: Details) -> bytes | bytearray:
    content = path.read_bytes()
    return bytearray(content) if details.get("type") == "bytearray" else content
