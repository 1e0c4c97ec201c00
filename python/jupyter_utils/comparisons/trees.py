"""Two values of dicts and lists, with arrays or without: what differs, by its path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import compare_arrays, is_array
from .comparison import Grid, short
from .differences import judge, said
from .found import SAME_VALUES, Found
from .verdict import Verdict, worst

if TYPE_CHECKING:
    from .tolerance import Tolerance

_SHOWN = 20
_PLAIN: frozenset[type] = frozenset({str, bytes, bool, int, float, complex, type(None)})
_SEEN_AT_MOST = 5_000_000
"""Values that are looked at, one by one: about ten seconds."""


@dataclass
class _Walk:
    tolerance: Tolerance | None
    seen: int = 0
    differing: int = 0
    verdicts: set[Verdict] = field(default_factory=set)
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    largest: tuple[float, str] = (-1.0, "")

    def note(self, path: str, a: str, b: str, verdict: Verdict, difference: str = "") -> None:
        self.seen += 1
        if verdict is Verdict.SAME:
            return
        self.verdicts.add(verdict)
        self.differing += 1
        if len(self.rows) < _SHOWN:
            self.rows.append((path or "(all)", short(a), short(b), difference))

    def far(self, gap: float, path: str) -> None:
        if gap > self.largest[0]:
            self.largest = (gap, path)


def compare_trees(a: Any, b: Any, tolerance: Tolerance | None = None) -> Found:
    """Compare two values of dicts, lists, numbers, texts, arrays, tensors, and objects that hold such.

    Recursion is by a list: a text of JSON may be nested deeper than Python's stack.
    """
    walk = _Walk(tolerance)
    todo: list[tuple[str, Any, Any]] = [("", a, b)]
    known: set[tuple[int, int]] = set()
    while todo and walk.seen < _SEEN_AT_MOST:
        path, one, other = todo.pop()
        if type(one) in _PLAIN and type(other) in _PLAIN:  # almost all of a large file: quickly
            _scalar(walk, path, one, other)
            continue
        if isinstance(one, tuple(_PLAIN)) or isinstance(other, tuple(_PLAIN)) or is_array(one) or is_array(other):
            _leaf(walk, path, one, other)
            continue
        if (id(one), id(other)) in known:  # an object that holds itself
            continue
        known.add((id(one), id(other)))
        inner = _inner(walk, path, one, other)
        todo += reversed(inner)
    return _found(walk, whole=not todo)


def _found(walk: _Walk, *, whole: bool) -> Found:
    if not walk.differing:
        return SAME_VALUES if whole else Found(Verdict.UNKNOWN, "too many values to look at each of them")
    far = f"; farthest apart, by {walk.largest[0]:.3g}: {walk.largest[1] or '(all)'}" if walk.largest[0] >= 0 else ""
    more = "" if whole else " (and there are more than could be looked at)"
    grid = Grid(("where", "A", "B", "difference"), tuple(walk.rows), f"the first {len(walk.rows)} that differ")
    words = f"{walk.differing} of {walk.seen} values differ{more}{far}"
    return Found(worst(walk.verdicts), words, (grid,))


def _inner(walk: _Walk, path: str, one: Any, other: Any) -> list[tuple[str, Any, Any]]:
    """Return the pairs inside of two values, and note what only one of them has."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name, there in (("A", one), ("B", other)):
            for key in there.keys() - (other if there is one else one).keys():
                shown = _shown(there[key])
                a, b = (shown, "") if name == "A" else ("", shown)
                walk.note(_at(path, key), a, b, Verdict.DIFFERS, f"only in {name}")
        return [(_at(path, key), one[key], other[key]) for key in one if key in other]
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        if len(one) != len(other):
            walk.note(path, f"{len(one)} elements", f"{len(other)} elements", Verdict.DIFFERS)
        return [(f"{path}[{at}]", left, right) for at, (left, right) in enumerate(zip(one, other, strict=False))]
    if type(one) is not type(other):
        walk.note(path, type(one).__name__, type(other).__name__, Verdict.DIFFERS)
        return []
    if isinstance(one, set | frozenset):
        walk.note(path, _shown(one), _shown(other), Verdict.SAME if one == other else Verdict.DIFFERS)
        return []
    state = [getattr(value, "__dict__", None) for value in (one, other)]
    if all(isinstance(held, dict) and held for held in state):
        return [(path, state[0], state[1])]
    walk.note(path, _shown(one), _shown(other), Verdict.SAME if repr(one) == repr(other) else Verdict.DIFFERS)
    return []


def _at(path: str, key: object) -> str:
    return f"{path}.{short(str(key), 100)}" if path else short(str(key), 100)


def _leaf(walk: _Walk, path: str, one: Any, other: Any) -> None:
    if is_array(one) and is_array(other) and type(one).__module__ == type(other).__module__:
        apart = compare_arrays(one, other, walk.tolerance)
        walk.far(apart.absolute if apart.verdict is not Verdict.SAME else -1.0, f"{path}{list(apart.where)}")
        walk.note(path, apart.a or _form(one), apart.b or _form(other), apart.verdict, str(apart))
        return
    _scalar(walk, path, one, other)


def _scalar(walk: _Walk, path: str, one: Any, other: Any) -> None:
    if type(one) is type(other) and one == other:
        walk.seen += 1
        return
    numbers = _is_number(one) and _is_number(other)
    verdict = judge(one, other, walk.tolerance) if numbers else Verdict.DIFFERS
    if numbers and verdict is not Verdict.SAME:
        walk.far(abs(float(other) - float(one)), path)
    if len(walk.rows) < _SHOWN:
        walk.note(path, _shown(one), _shown(other), verdict, said(one, other) if numbers else "")
    else:
        walk.note("", "", "", verdict)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool | np.bool_)


def _form(array: Any) -> str:
    return f"{array.dtype} {tuple(array.shape)}"


def _shown(value: Any) -> str:
    if is_array(value):
        return _form(value)
    if isinstance(value, Mapping | list | tuple):
        return f"{type(value).__name__} of {len(value)}"
    return short(value)
