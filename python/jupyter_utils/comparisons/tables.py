"""Two tables, by cell: rows are found by a key where there is one, else by their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jupyter_utils.machine.sizes import counted

from .arrays import _all_near, _gaps
from .comparison import Grid, short
from .found import SAME_VALUES, Found
from .verdict import Verdict

if TYPE_CHECKING:
    from .tolerance import Tolerance

_SHOWN = 20
_SHOWN_COLUMNS = 50
_EXACT_BYTES = 4
"""Of integers that floats hold exactly."""
_KEYS = ("id", "key", "index", "name", "uuid", "doc_id", "text_id", "guid")


def compare_tables(a: Any, b: Any, tolerance: Tolerance | None = None) -> Found:
    """Compare two pandas frames.

    Rows belong together by the index where it names them, else by a column that names each row once (`id` and the
    like), else by their numbers. What differs is counted by column, and the first cells are shown.
    """
    a, b = _plain(a), _plain(b)
    common = [name for name in a.columns if name in set(b.columns)]
    words = _columns_said(a, b)
    how, a, b, rows_said = _aligned(a, b)
    words += rows_said
    columns = [_column(name, a[name], b[name], tolerance) for name in common]
    differing = [one for one in columns if one.count]
    cells = sum(one.count for one in differing)
    if not (words or cells):
        return SAME_VALUES
    if cells:
        words.append(f"{cells} of {len(a) * len(common)} cells differ, in {len(differing)} of {len(common)} columns")
    near = not (words[:-1] or rows_said) and cells > 0 and all(one.near for one in differing)
    verdict = Verdict.APPROXIMATE if near else Verdict.DIFFERS
    return Found(verdict, "; ".join([*words, how] if cells else words), _grids(differing, a, b))


def _plain(frame: Any) -> Any:
    """Return a frame with unique labels of columns, as texts."""
    seen: dict[str, int] = {}
    names = []
    for label in frame.columns:
        name = str(label)
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return frame.set_axis(names, axis=1)


def _columns_said(a: Any, b: Any) -> list[str]:
    left, right = list(a.columns), list(b.columns)
    words = []
    for name, only in (
        ("A", [c for c in left if c not in set(right)]),
        ("B", [c for c in right if c not in set(left)]),
    ):
        if only:
            more = f" and {len(only) - 5} more" if len(only) > 5 else ""  # noqa: PLR2004 - as many as fit a line
            words.append(f"columns only in {name}: {', '.join(short(one, 40) for one in only[:5])}{more}")
    both = [name for name in left if name in set(right)]
    if both != [name for name in right if name in set(left)]:
        words.append("columns in another order")
    kinds = [f"{name} ({a[name].dtype}, {b[name].dtype})" for name in both if a[name].dtype != b[name].dtype]
    if kinds:
        words.append(f"other types: {', '.join(short(one, 80) for one in kinds[:5])}")
    return words


def _aligned(a: Any, b: Any) -> tuple[str, Any, Any, list[str]]:
    """Bring rows that belong together to the same place; says how, and what only one of the two has."""
    key = _key(a, b)
    if key is None:
        count = min(len(a), len(b))
        said = [f"{len(a)} rows in A, {len(b)} in B"] if len(a) != len(b) else []
        number = [one.iloc[:count].reset_index(drop=True) for one in (a, b)]
        return "rows by their numbers, from 0", number[0], number[1], said
    how, a, b = key
    if a.index.equals(b.index):
        return how, a, b, []
    both = a.index.intersection(b.index, sort=False)
    words = [
        f"{counted(len(one) - len(both), 'row')} only in {name}"
        for name, one in (("A", a), ("B", b))
        if len(one) > len(both)
    ]
    order = [one.index[one.index.isin(both)] for one in (a, b)]
    words += [] if order[0].equals(order[1]) else ["rows in another order"]
    return how, a.loc[both], b.loc[both], words


def _key(a: Any, b: Any) -> tuple[str, Any, Any] | None:
    """Return what names rows, and both frames with it as their index."""
    import pandas as pd

    if not all(_is_plain_index(one.index) for one in (a, b)):
        return ("rows by the index", a, b) if _names_rows(a.index, b.index) else None
    for name in a.columns:
        named = name.lower() in _KEYS or name.lower().endswith("_id")
        if named and name in b.columns and _names_rows(pd.Index(a[name]), pd.Index(b[name])):
            keyed = [one.set_index(name, drop=False) for one in (a, b)]
            return f"rows by the column {name!r}", keyed[0], keyed[1]
    return None


def _is_plain_index(index: Any) -> bool:
    """Tell whether an index only counts the rows; of a column of 1, 2, 3 pandas makes a range as well."""
    import pandas as pd

    return isinstance(index, pd.RangeIndex) and index.name is None and (index.start, index.step) == (0, 1)


def _names_rows(one: Any, other: Any) -> bool:
    try:
        return bool(one.is_unique and other.is_unique and not one.hasnans and not other.hasnans)
    except TypeError:  # lists, which nothing can be looked up by
        return False


class _Column:
    """What differs in one column."""

    def __init__(self, name: str, places: Any, gaps: Any, share: float, *, near: bool) -> None:
        self.name = name
        self.places = places
        self.count = len(places)
        self.largest = float(np.nanmax(gaps)) if len(gaps) and not np.isnan(gaps).all() else None
        self.share = share
        self.near = near


def _column(name: str, a: Any, b: Any, tolerance: Tolerance | None) -> _Column:
    one, other = _numbers(a), _numbers(b)
    if one is not None and other is not None:
        places = np.flatnonzero((one != other) & ~(np.isnan(one) & np.isnan(other)))
        gaps, share = _gaps(one[places], other[places])
        near = tolerance is not None and _all_near(one[places], other[places], tolerance)
        return _Column(name, places, gaps, share, near=near)
    return _Column(name, np.flatnonzero(_unequal(a, b)), [], 0.0, near=False)


def _numbers(column: Any) -> np.ndarray | None:
    kind = getattr(column.dtype, "kind", "O")
    if kind not in "iufb" or (
        kind in "iu" and getattr(column.dtype, "itemsize", 8) > _EXACT_BYTES and _is_wide(column)
    ):
        return None
    try:
        found: np.ndarray = column.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        return None
    return found


def _is_wide(column: Any) -> bool:
    """Tell whether integers are too large for floats to hold them exactly."""
    return (
        len(column) > 0 and not column.isna().all() and int(max(abs(int(column.max())), abs(int(column.min())))) > 2**53
    )


def _unequal(a: Any, b: Any) -> np.ndarray:
    """Compare values of any type; what cannot be compared as such is by its text."""
    missing = [np.asarray(one.isna(), dtype=bool) for one in (a, b)]
    try:
        values = [one.astype(object).to_numpy() for one in (a, b)]
        unequal = np.asarray(values[0] != values[1])
        if unequal.dtype != bool:
            raise ValueError("cells that hold several values")  # noqa: TRY301 - as numpy says it of others
    except (TypeError, ValueError):
        values = [np.array([repr(cell) for cell in one], dtype=object) for one in (a, b)]
        unequal = np.asarray(values[0] != values[1], dtype=bool)
    found: np.ndarray = unequal & ~(missing[0] & missing[1])
    return found


def _grids(differing: list[_Column], a: Any, b: Any) -> tuple[Grid, ...]:
    if not differing:
        return ()
    by_column = [
        (
            short(one.name, 80),
            str(one.count),
            "" if one.largest is None else f"{one.largest:.3g}",
            "" if one.largest is None else f"{one.share:.3g}",
        )
        for one in differing[:_SHOWN_COLUMNS]
    ]
    cells = sorted((int(at), number) for number, one in enumerate(differing) for at in one.places[:_SHOWN])[:_SHOWN]
    rows = []
    for at, number in cells:
        name = differing[number].name
        values = [short(str(frame[name].iloc[at]), 120) for frame in (a, b)]
        rows.append((short(str(a.index[at]), 80), short(name, 80), values[0], values[1]))
    return (
        Grid(("column", "cells that differ", "at most by", "relative"), tuple(by_column), "by column"),
        Grid(("row", "column", "A", "B"), tuple(rows), "the first cells that differ"),
    )
