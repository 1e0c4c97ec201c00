"""Metrics of two runs, held against each other by name, step and value."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_utils.machine.progress import progress

from .comparison import Row, Section, section, short
from .differences import judge, said
from .steps import compare_steps
from .stored import history
from .verdict import Verdict

if TYPE_CHECKING:
    from .sides import Side
    from .tolerance import Tolerances

STEPS_SECONDS = 60.0
"""For how long steps are read; MLflow takes 0.4 s for a metric of 10,000 steps."""
_LARGEST = sys.float_info.max


def compare_metrics(a: Side, b: Side, tolerances: Tolerances, seconds: float = STEPS_SECONDS) -> Section:
    """Compare the last values, and then every step, those metrics first whose last values do not tell them apart.

    Args:
        a: one side.
        b: the other.
        tolerances: how far values may be apart.
        seconds: for how long steps are read.
    """
    found = {name: _last(name, a, b, tolerances) for name in sorted({*a.metrics, *b.metrics})}
    notes: list[str] = []
    if a.stored and b.stored:
        notes += _steps(found, a, b, tolerances, seconds)
    return section("metrics", found.values(), notes)


def shown(number: Any) -> str:
    """Return a number as it is, and not rounded.

    >>> shown(0.1), shown(1.7976931348623157e308)
    ('0.1', 'inf')
    """
    return short(str(_infinite(number)), 60)


def _infinite(number: Any) -> Any:
    """Return an infinity for what MLflow makes of one."""
    if isinstance(number, float) and abs(number) == _LARGEST:
        return math.copysign(math.inf, number)
    return number


def _last(name: str, a: Side, b: Side, tolerances: Tolerances) -> Row:
    if name not in a.metrics:
        return Row(name, Verdict.DIFFERS, "", shown(b.metrics[name]), note="only in B")
    if name not in b.metrics:
        return Row(name, Verdict.DIFFERS, shown(a.metrics[name]), "", note="only in A")
    one, other = _infinite(a.metrics[name]), _infinite(b.metrics[name])
    tolerance = tolerances.of(name)
    verdict = judge(one, other, tolerance)
    note = f"within {tolerance}" if verdict is Verdict.APPROXIMATE else ""
    return Row(name, verdict, shown(one), shown(other), said(one, other), note)


def _steps(found: dict[str, Row], a: Side, b: Side, tolerances: Tolerances, seconds: float) -> list[str]:
    """Compare the steps of metrics that both have, as long as there is time; says what was left out."""
    common = [name for name in found if name in a.metrics and name in b.metrics]
    common.sort(key=lambda name: found[name].verdict is Verdict.DIFFERS)
    end = time.monotonic() + seconds
    left = []
    with progress("Comparing steps", len(common)) as bar:
        for name in common:
            if time.monotonic() > end:
                left.append(name)
                found[name] = replace(found[name], note=_joined(found[name].note, "last value only"))
            else:
                found[name] = _with_steps(found[name], a, b, tolerances)
            bar.update(1)
    if not left:
        return []
    return [f"Of {len(left)} of {len(common)} metrics only the last values were compared within {seconds:g} s."]


def _with_steps(row: Row, a: Side, b: Side, tolerances: Tolerances) -> Row:
    assert a.stored  # noqa: S101 - asked before
    assert b.stored  # noqa: S101 - asked before
    steps = compare_steps(history(a.stored, row.name), history(b.stored, row.name), tolerances.of(row.name))
    if steps is None:
        return row
    verdict = steps.verdict if row.verdict is Verdict.SAME or steps.verdict is Verdict.DIFFERS else row.verdict
    return replace(row, verdict=verdict, note=_joined(row.note, steps.said), details=(*row.details, *steps.details))


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
