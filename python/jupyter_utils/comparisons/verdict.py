"""What a comparison says of one thing, of a group of them, and of two runs."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Verdict(StrEnum):
    """The words are those of reports, JSON and tags."""

    SAME = "same"
    APPROXIMATE = "approximate"
    """Not the same, but within the tolerance that was given, or inside of what repetitions give."""
    DIFFERS = "differs"
    UNKNOWN = "unknown"
    """One of the two says nothing about it."""

    @property
    def exit_code(self) -> int:
        """What a command ends with: 0 the same (or near enough), 1 it differs, 3 nobody can say."""
        return {Verdict.DIFFERS: 1, Verdict.UNKNOWN: 3}.get(self, 0)


_ORDER = (Verdict.DIFFERS, Verdict.UNKNOWN, Verdict.APPROXIMATE, Verdict.SAME)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the one that counts of several; without any, nothing is known.

    >>> worst([Verdict.SAME, Verdict.APPROXIMATE]).value, worst([]).value
    ('approximate', 'unknown')
    """
    found = set(verdicts)
    return next((one for one in _ORDER if one in found), Verdict.UNKNOWN)
