"""What a comparison found, as plain data: rows in sections, each bounded, so that a report stays readable."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from .verdict import Verdict, worst

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_ROWS = 300
"""Rows of one section that are shown; those that differ come first."""
MOST_CHARACTERS = 300
RESULTS = ("metrics", "artifacts", "outputs")
"""The sections that say what a run gave; the others say how it came to that."""


def short(value: object, most: int = MOST_CHARACTERS) -> str:
    """Return a value as text for a cell of a table.

    >>> short("x" * 400, 10)
    'xxxxxxxxx…'
    """
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= most else text[: most - 1] + "…"


@dataclass(frozen=True)
class Grid:
    """A small table: the first cells, files or values that differ."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""


@dataclass(frozen=True)
class Lines:
    """A difference of lines, as `diff -u` writes it; `left_out` lines more are not shown."""

    lines: tuple[str, ...]
    left_out: int = 0
    title: str = ""


@dataclass(frozen=True)
class Pictures:
    """Two pictures as `data:` addresses; empty where there is none, or it is too large for a report."""

    a: str
    b: str
    title: str = ""


Detail = Grid | Lines | Pictures


@dataclass(frozen=True)
class Row:
    """One thing that both runs may have: what it is in each, and how far they are apart."""

    name: str
    verdict: Verdict
    a: str = ""
    b: str = ""
    difference: str = ""
    note: str = ""
    details: tuple[Detail, ...] = ()


_WHOLE = ("metrics", "params", "artifacts")
"""Sections whose rows are all that two runs hold; of the others a run may just not say it."""


@dataclass(frozen=True)
class Section:
    """Rows of one kind. `counts` are of all rows, by verdict; `left_out` of them are not in `rows`."""

    name: str
    verdict: Verdict
    rows: tuple[Row, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    left_out: int = 0
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether neither run holds anything of this kind; False of what may have been there and was not recorded."""
        return self.name in _WHOLE and not any(self.counts.values())

    @property
    def said(self) -> str:
        """The verdict as people read it: where there is nothing to compare, nothing is unknown."""
        return "none" if self.is_empty else self.verdict.value


def section(name: str, rows: Iterable[Row], notes: Sequence[str] = (), *, show_same: bool = True) -> Section:
    """Put rows into a section, those that are not the same first.

    Args:
        name: the section's.
        rows: all of them; without any, nothing is known.
        notes: what is to be said of all.
        show_same: whether rows that are the same are shown, too.
    """
    every = list(rows)
    counts = {verdict.value: sum(row.verdict is verdict for row in every) for verdict in Verdict}
    shown = [row for row in every if row.verdict is not Verdict.SAME]
    shown += [row for row in every if row.verdict is Verdict.SAME] if show_same else []
    left_out = max(0, len(shown) - MOST_ROWS)
    verdict = worst(row.verdict for row in every)
    return Section(name, verdict, tuple(shown[:MOST_ROWS]), counts, left_out, tuple(notes))


@dataclass(frozen=True)
class Facts:
    """Which run it is: `about` are names and values for people (experiment, who, when, commit)."""

    id: str
    name: str
    about: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Compared:
    """Two runs (or one and several repetitions), compared without executing anything.

    `verdict` is that of the sections in `by` of which there is anything: by default what the runs gave (metrics,
    artifacts, outputs), and not how they came to it. In a notebook it shows itself as a card, elsewhere as a table;
    `to_html()` and `to_json()` give the whole.
    """

    a: Facts
    b: tuple[Facts, ...]
    sections: tuple[Section, ...]
    by: tuple[str, ...] = RESULTS
    notes: tuple[str, ...] = ()
    at_most: Verdict = Verdict.SAME
    """The best verdict that there can be: a reproduction in another environment is at most approximate."""

    @property
    def verdict(self) -> Verdict:
        """What counts of all."""
        found = [one.verdict for one in self.sections if one.name in self.by and any(one.counts.values())]
        return worst([*found, self.at_most]) if found else Verdict.UNKNOWN

    @property
    def exit_code(self) -> int:
        """What the command ends with."""
        return self.verdict.exit_code

    def __getitem__(self, name: str) -> Section:
        """Return a section by its name, such as `comparison["metrics"]`."""
        return next(one for one in self.sections if one.name == name)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as what JSON can hold."""
        return {"format": 1, "verdict": self.verdict.value} | asdict(self)
