"""Two pictures: by digest, and side by side for the eye."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from .comparison import Pictures
from .found import Found
from .verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

# As an <img>, none of these can run a script or load anything, SVG included.
TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".bmp": "image/bmp",
}
MOST_BYTES = 2**20
"""Of one picture in a report."""


def address(content: bytes, kind: str) -> str:
    """Return a picture as a `data:` address; empty where it is too large for a report."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}" if len(content) <= MOST_BYTES else ""


def compare_pictures(a: Path, b: Path) -> Found:
    """Show both, whose digests differ."""
    shown = [_address(one) for one in (a, b)]
    said = "the pictures' files differ" + ("" if all(shown) else " (too large to be shown here)")
    return Found(Verdict.DIFFERS, said, (Pictures(*shown),) if any(shown) else ())


def _address(path: Path) -> str:
    if path.stat().st_size > MOST_BYTES:
        return ""
    return address(path.read_bytes(), TYPES[path.suffix.lower()])
