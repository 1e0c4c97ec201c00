"""A comparison as a table for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_utils.machine.plain_text import columns, plain

from .comparison import short
from .report import SIGNS, TITLES, summary
from .verdict import Verdict

if TYPE_CHECKING:
    from .comparison import Compared, Facts, Row, Section

_SHOWN = 20
_CELL = 34
_PLURAL = {"differs": "differ"}


def table(comparison: Compared) -> str:
    """Return the lines; names and values with what a terminal would obey taken out."""
    lines = [f"A  {_facts(comparison.a)}"]
    lines += [f"B  {_facts(one)}" for one in comparison.b]
    for one in comparison.sections:
        lines += ["", *_section(one)]
    lines += ["", *(f"Note: {plain(note)}" for note in comparison.notes)]
    lines.append(f"{SIGNS[comparison.verdict]} {summary(comparison)}")
    return "\n".join(lines)


def _facts(facts: Facts) -> str:
    about = [facts.about[name] for name in ("started", "waits in") if name in facts.about]
    return plain("  ".join([facts.name or "(no name)", facts.id, *about]))


def _section(section: Section) -> list[str]:
    counts = [f"{count} {_PLURAL.get(name, name)}" for name, count in section.counts.items() if count]
    lines = [f"{SIGNS[section.verdict]} {TITLES[section.name]}: {', '.join(counts) or section.said}"]
    shown = [row for row in section.rows if row.verdict is not Verdict.SAME or section.name == "metrics"]
    lines += _rows(shown[:_SHOWN])
    hidden = len(shown) - _SHOWN + section.left_out
    lines += [f"    … and {hidden} more (--html FILE shows them)"] if hidden > 0 else []
    return lines + [f"    {plain(note)}" for note in section.notes]


def _rows(rows: list[Row]) -> list[str]:
    cells = [
        [SIGNS[row.verdict], *(_cell(one) for one in (row.name, row.a, row.b)), plain(f"{row.difference} {row.note}")]
        for row in rows
    ]
    widths = [max((columns(row[at]) for row in cells), default=0) for at in range(4)]
    return [
        ("    " + "  ".join(cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=False)))
        + f"  {short(row[4].strip(), 120)}".rstrip()
        for row in cells
    ]


def _cell(text: str) -> str:
    return short(plain(text), _CELL)
