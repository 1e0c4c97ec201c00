"""All values of one metric in two runs, by step: where do they part?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .comparison import Detail, Grid
from .differences import said
from .verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .tolerance import Tolerance

Values = list[tuple[int, int, float]]
_SHOWN = 10


@dataclass(frozen=True)
class Steps:
    """What the steps of two runs say, in one sentence and a small table of the first that differ."""

    verdict: Verdict
    said: str
    details: tuple[Detail, ...] = ()


def compare_steps(a: Values, b: Values, tolerance: Tolerance | None) -> Steps | None:
    """Compare (step, time, value) by step, and several values of one step in the order of their times.

    Returns:
        None where each run has one value, which the last values have told already, whatever its step is called.
    """
    if len(a) <= 1 and len(b) <= 1:
        return None
    left, right = _by_step(a), _by_step(b)
    common = sorted(left.keys() & right.keys())
    only = [f"{len(one)} only in {name}" for name, one in _only(left, right).items() if one]
    one = np.array([left[key] for key in common], dtype=float)
    other = np.array([right[key] for key in common], dtype=float)
    unequal = (one != other) & ~(np.isnan(one) & np.isnan(other))
    far = unequal & ~_near(one, other, tolerance)
    if not (only or unequal.any()):
        return Steps(Verdict.SAME, f"all {len(common)} steps")
    verdict = Verdict.DIFFERS if only or far.any() else Verdict.APPROXIMATE
    differ = f"{int(unequal.sum())} of {len(common)} steps differ" if unequal.any() else ""
    within = f"all within {tolerance}" if verdict is Verdict.APPROXIMATE else ""
    words = "; ".join(part for part in (differ, within, *only) if part)
    return Steps(verdict, words, _first(common, one, other, unequal))


def _by_step(values: Values) -> dict[tuple[int, int], float]:
    seen: Counter[int] = Counter()
    found = {}
    for step, _, value in values:
        found[step, seen[step]] = value
        seen[step] += 1
    return found


def _only(left: dict[tuple[int, int], float], right: dict[tuple[int, int], float]) -> dict[str, set[tuple[int, int]]]:
    return {"A": left.keys() - right.keys(), "B": right.keys() - left.keys()}


def _near(one: np.ndarray, other: np.ndarray, tolerance: Tolerance | None) -> np.ndarray:
    if tolerance is None:
        return np.zeros(len(one), dtype=bool)
    with np.errstate(invalid="ignore"):
        near: np.ndarray = np.isfinite(one) & np.isfinite(other) & tolerance.allows(one, other)
    return near


def _first(
    keys: Sequence[tuple[int, int]], one: np.ndarray, other: np.ndarray, unequal: np.ndarray
) -> tuple[Detail, ...]:
    places = np.flatnonzero(unequal)
    if not len(places):
        return ()
    with np.errstate(invalid="ignore"):
        gaps = np.nan_to_num(np.abs(other - one), nan=0.0)
    largest = int(np.argmax(np.where(unequal, gaps, -1)))
    shown = list(dict.fromkeys([*places[:_SHOWN].tolist(), largest]))
    rows = tuple(
        (str(keys[at][0]), f"{one[at]!s}", f"{other[at]!s}", said(float(one[at]), float(other[at]))) for at in shown
    )
    return (Grid(("step", "A", "B", "difference"), rows, "the first steps that differ, and the farthest apart"),)
