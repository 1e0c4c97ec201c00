"""What a run records by itself, besides the caller's values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recorded:
    """The tags that tell of a record, and warnings of what in it a person must know."""

    tags: dict[str, str]
    warnings: tuple[str, ...] = ()
