"""What looking into two files or values gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .verdict import Verdict

if TYPE_CHECKING:
    from .comparison import Detail


@dataclass(frozen=True)
class Found:
    """A verdict, a sentence, and what to show of it."""

    verdict: Verdict
    said: str
    details: tuple[Detail, ...] = ()


SAME_VALUES = Found(Verdict.SAME, "the same values; the files differ in form alone")
