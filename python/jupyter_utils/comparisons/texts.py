"""Two texts, by their lines."""

from __future__ import annotations

import difflib

from jupyter_utils.machine.sizes import counted

from .comparison import Lines, short
from .found import Found
from .verdict import Verdict

_MOST_LINES = 4000
"""Lines of the part that differs, up to which they are brought together; above it they are counted by their numbers."""
_SHOWN = 200
_CONTEXT = 3


def compare_texts(a: str, b: str, title: str = "") -> Found:
    """Compare two texts; what differs in line ends alone is said to."""
    if a == b:
        return Found(Verdict.SAME, "the same text")
    one, other = a.splitlines(), b.splitlines()
    if one == other:
        return Found(Verdict.DIFFERS, "the same lines, with other line ends")
    lines, exact = _difference(one, other)
    added = sum(line.startswith("+") for line in lines)
    removed = sum(line.startswith("-") for line in lines)
    said = (
        f"{counted(removed, 'line')} only in A, {added} only in B"
        if exact
        else f"{removed} lines differ by their numbers"
    )
    shown = tuple(short(line, 500) for line in lines[:_SHOWN])
    return Found(Verdict.DIFFERS, said, (Lines(shown, max(0, len(lines) - _SHOWN), title),))


def _difference(one: list[str], other: list[str]) -> tuple[list[str], bool]:
    """Return the lines of `diff -u`, and whether moved lines were looked for: that takes long for long texts."""
    start, end = _common(one, other)
    middle = max(len(one), len(other)) - start - end
    if middle <= _MOST_LINES:
        before = max(0, start - _CONTEXT)
        cut = max(0, end - _CONTEXT)
        parts = one[before : len(one) - cut], other[before : len(other) - cut]
        found = list(difflib.unified_diff(*parts, lineterm="", n=_CONTEXT))[2:]
        return [_moved(line, before) for line in found], True
    pairs = zip(one[start:], other[start:], strict=False)
    unequal = [(at, left, right) for at, (left, right) in enumerate(pairs, start + 1) if left != right]
    lines = [line for at, left, right in unequal for line in (f"@@ line {at} @@", f"-{left}", f"+{right}")]
    if len(one) != len(other):
        lines.insert(0, f"@@ {len(one)} lines in A, {len(other)} in B @@")
    return lines, False


def _common(one: list[str], other: list[str]) -> tuple[int, int]:
    """Return how many lines are the same at the start, and then at the end."""
    most = min(len(one), len(other))
    start = next((at for at in range(most) if one[at] != other[at]), most)
    rest = most - start
    end = next((at for at in range(rest) if one[-1 - at] != other[-1 - at]), rest)
    return start, end


def _moved(line: str, by: int) -> str:
    """Correct a hunk's line numbers for the lines that were cut off before it."""
    if not by or not line.startswith("@@ "):
        return line
    parts = line.split(" ")
    for at in (1, 2):
        number, comma, count = parts[at][1:].partition(",")
        parts[at] = f"{parts[at][0]}{int(number) + by}{comma}{count}"
    return " ".join(parts)
