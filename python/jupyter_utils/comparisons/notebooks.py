"""Two notebooks, by their cells: which belong together (nbdime says), and what differs in them."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import Any

from .comparison import Lines, short
from .found import Found
from .verdict import Verdict

_MOST_CELLS = 1000
"""Up to which nbdime brings cells together: it takes longer than in proportion for more."""
_SHOWN_LINES = 300


@dataclass(frozen=True)
class Cell:
    """One cell: its place in the notebook (from 0), what it is, its text, and what it has shown."""

    place: int
    kind: str
    source: str
    outputs: tuple[dict[str, Any], ...] = ()


def read_notebook(text: str) -> list[Cell] | None:
    """Read a notebook's cells; None where a text is none (version 4 of the format)."""
    try:
        cells = json.loads(text)["cells"]
        return [_cell(place, one) for place, one in enumerate(cells)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _cell(place: int, raw: dict[str, Any]) -> Cell:
    source = raw["source"] if isinstance(raw["source"], str) else "".join(raw["source"])
    outputs = tuple(one for one in raw.get("outputs", []) if isinstance(one, dict))
    return Cell(place, str(raw["cell_type"]), source, outputs)


def compare_cells(a: list[Cell], b: list[Cell]) -> Found:
    """Compare the texts of cells; what they have shown is another matter."""
    pairs = paired(a, b)
    lines: list[str] = []
    counts = {"only in A": 0, "only in B": 0, "changed": 0}
    for one, other in pairs:
        if one is None or other is None:
            counts["only in B" if one is None else "only in A"] += 1
        elif one.source == other.source and one.kind == other.kind:
            continue
        else:
            counts["changed"] += 1
        lines += _lines(one, other)
    words = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    if not words:
        return Found(Verdict.SAME, "", ())
    left_out = max(0, len(lines) - _SHOWN_LINES)
    said = f"cells: {words} (of {len(a)} and {len(b)})"
    shown = tuple(short(line, 500) for line in lines[:_SHOWN_LINES])
    return Found(Verdict.DIFFERS, said, (Lines(shown, left_out, "cells that differ"),))


def _lines(one: Cell | None, other: Cell | None) -> list[str]:
    either = one or other
    assert either  # noqa: S101 - a pair has one
    place = f"{one.place + 1 if one else '-'} / {other.place + 1 if other else '-'}"
    texts = [cell.source.splitlines() if cell else [] for cell in (one, other)]
    body = difflib.unified_diff(texts[0], texts[1], lineterm="", n=2)
    return [f"@@ cell {place} ({either.kind}) @@", *list(body)[3:]]


def paired(a: list[Cell], b: list[Cell]) -> list[tuple[Cell | None, Cell | None]]:
    """Bring cells together that belong to each other, in the order of the notebooks."""
    operations = _nbdime(a, b) if len(a) + len(b) <= _MOST_CELLS else None
    return _plainly(a, b) if operations is None else _applied(a, b, operations)


def _nbdime(a: list[Cell], b: list[Cell]) -> list[Any] | None:
    """Return nbdime's difference of the cells' texts; None where it is not installed (the group lab brings it)."""
    try:
        from nbdime.diffing.notebooks import diff_notebooks
    except ImportError:
        return None
    found = diff_notebooks(_bare(a), _bare(b))
    return next((one["diff"] for one in found if one["key"] == "cells"), [])


def _bare(cells: list[Cell]) -> Any:
    """Make a notebook of texts alone: cells' ids, outputs and numbers must not decide which belong together."""
    from nbformat import from_dict

    made: list[dict[str, Any]] = []
    for one in cells:
        code: dict[str, Any] = {"outputs": [], "execution_count": None} if one.kind == "code" else {}
        made.append({"cell_type": one.kind, "metadata": {}, "source": one.source, **code})
    return from_dict({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})  # type: ignore[no-untyped-call]


def _applied(a: list[Cell], b: list[Cell], operations: list[Any]) -> list[tuple[Cell | None, Cell | None]]:
    """Walk along both notebooks, as nbdime's operations on the list of cells say."""
    pairs: list[tuple[Cell | None, Cell | None]] = []
    left = right = 0
    for one in operations:
        key = int(one["key"])
        pairs += zip(a[left:key], b[right : right + key - left], strict=True)
        right += key - left
        left = key
        if one["op"] == "addrange":
            count = len(one["valuelist"])
            pairs += [(None, cell) for cell in b[right : right + count]]
            right += count
        elif one["op"] == "removerange":
            pairs += [(cell, None) for cell in a[left : left + int(one["length"])]]
            left += int(one["length"])
        else:
            pairs.append((a[left], b[right]))
            left, right = left + 1, right + 1
    return pairs + list(zip(a[left:], b[right:], strict=True))


def _plainly(a: list[Cell], b: list[Cell]) -> list[tuple[Cell | None, Cell | None]]:
    """Bring cells of the same text together, and what stands between them by their order."""
    matcher = difflib.SequenceMatcher(None, [one.source for one in a], [one.source for one in b], autojunk=False)
    pairs: list[tuple[Cell | None, Cell | None]] = []
    for _, start, end, first, last in matcher.get_opcodes():
        left: list[Cell | None] = [*a[start:end]]
        right: list[Cell | None] = [*b[first:last]]
        size = max(len(left), len(right))
        pairs += zip(left + [None] * (size - len(left)), right + [None] * (size - len(right)), strict=True)
    return pairs
