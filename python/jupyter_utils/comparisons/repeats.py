"""One run and several repetitions: is what it gave inside of what they give?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .artifacts import compare_artifact, digests_of, files_of, names, too_many
from .comparison import Grid, Row, Section, section
from .differences import equal, judge
from .metrics import shown
from .verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .sides import Side
    from .tolerance import Tolerance, Tolerances


def repeated_metrics(a: Side, others: Sequence[Side], tolerances: Tolerances) -> Section:
    """Hold the last value of each metric against the interval of the repetitions'."""
    every = sorted({name for one in (a, *others) for name in one.metrics})
    rows = [_metric(name, a, others, tolerances.of(name)) for name in every]
    return section("metrics", rows, (f"B is {len(others)} repetitions: minimum … maximum of their last values",))


def _metric(name: str, a: Side, others: Sequence[Side], tolerance: Tolerance | None) -> Row:
    values = [one.metrics[name] for one in others if name in one.metrics]
    interval = _interval(values)
    listed = tuple((one.facts.name or one.facts.id, shown(one.metrics.get(name, "absent"))) for one in others)
    details = (Grid(("repetition", "value"), listed),)
    if name not in a.metrics:
        return Row(name, Verdict.DIFFERS, "", interval, note="only in B", details=details)
    old = a.metrics[name]
    if len(values) < len(others):
        note = f"only in {len(values)} of {len(others)} repetitions"
        return Row(name, Verdict.DIFFERS, shown(old), interval, note=note, details=details)
    verdict, note = _judged(old, values, tolerance)
    return Row(name, verdict, shown(old), interval, "", note, details)


def _interval(values: list[Any]) -> str:
    if not values:
        return ""
    numbers = [one for one in values if not math.isnan(float(one))]
    nan = f" and {len(values) - len(numbers)} NaN" if len(numbers) < len(values) else ""
    if not numbers:
        return "NaN"
    low, high = min(numbers), max(numbers)
    return (shown(low) if equal(low, high) else f"{shown(low)} … {shown(high)}") + nan


def _judged(old: Any, values: list[Any], tolerance: Tolerance | None) -> tuple[Verdict, str]:
    if all(equal(old, one) for one in values):
        return Verdict.SAME, "the same in all"
    numbers = [one for one in values if not math.isnan(float(one))]
    inside = any(equal(old, one) for one in values) or (bool(numbers) and min(numbers) <= old <= max(numbers))
    if inside:
        return Verdict.APPROXIMATE, "inside of what the repetitions give"
    if any(judge(old, one, tolerance) is Verdict.APPROXIMATE for one in values):
        return Verdict.APPROXIMATE, f"outside, but within {tolerance} of one"
    return Verdict.DIFFERS, "outside of what the repetitions give"


def repeated_artifacts(a: Side, others: Sequence[Side], tolerances: Tolerances) -> Section:
    """Compare each artifact with all repetitions; one that varies among these cannot be expected to be the same."""
    rows = [_artifact(name, a, others, tolerances.of(name)) for name in names(a, *others)]
    notes = (f"B is {len(others)} repetitions; shown is the first that differs", *too_many(a, *others))
    return section("artifacts", rows, notes)


def _artifact(name: str, a: Side, others: Sequence[Side], tolerance: Tolerance | None) -> Row:
    rows = [compare_artifact(name, a, one, tolerance) for one in others]
    if all(row.verdict is rows[0].verdict for row in rows) and rows[0].verdict is not Verdict.DIFFERS:
        return rows[0]
    forms = {tuple(digests_of(one, name).items()) for one in others}
    there = all(files_of(one, name) for one in (a, *others))
    first = next((row for row in rows if row.verdict is Verdict.DIFFERS), rows[0])
    if not there or len(forms) == 1:
        return first
    note = f"it varies by itself: {len(forms)} different ones in {len(others)} repetitions"
    return Row(name, Verdict.APPROXIMATE, first.a, first.b, first.difference, note, first.details)
