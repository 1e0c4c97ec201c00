"""Frames before and after: cells that no file can hold, what a format would change, and whether it did."""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.registry import CannotWriteError, Details, Written

if TYPE_CHECKING:
    from collections.abc import Callable

# Kinds of Python objects that a column of objects gives back as they were, alone or beside missing values.
_OBJECTS = {str, bytes, bool, float, Decimal, dt.date, dt.time}
_TENSORS = frozenset({"torch", "jax", "jaxlib", "cupy", "tensorflow"})
# Numpy's types that come back from Arrow without a look: not half and long floats, complex numbers, fixed texts.
_USUAL = frozenset(
    {
        *("bool", "object", "str", "float32", "float64"),
        *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
    }
)
_SHOWN = 300


def prepared(frame: Any) -> Any:
    """Return a frame with numbers in place of scalars of torch and its like: as text they would be `tensor(0.5)`.

    Tensors of more elements become lists. The caller's frame is left alone.
    """
    import pandas as pd

    found = {
        position: column
        for position in range(frame.shape[1])
        if str(frame.dtypes.iloc[position]) == "object" and _holds_tensors(column := frame.iloc[:, position])
    }
    if not found:
        return frame
    made = {
        position: pd.Series(_numbers(found[position]), index=frame.index, dtype=object).infer_objects()
        if position in found
        else frame.iloc[:, position]
        for position in range(frame.shape[1])
    }
    new = pd.DataFrame(made, index=frame.index).set_axis(frame.columns, axis=1)
    new.attrs = frame.attrs
    return new


def _holds_tensors(column: Any) -> bool:
    return any(_is_tensor(kind) for kind in set(map(type, column.to_numpy())))


def _is_tensor(kind: type) -> bool:
    return kind.__module__.partition(".")[0] in _TENSORS and hasattr(kind, "tolist")


def _numbers(column: Any) -> list[Any]:
    return [value.tolist() if _is_tensor(type(value)) else value for value in column]


def is_usual(frame: Any) -> bool:
    """Tell whether a frame is of the everyday kind, which is known to come back: then nothing is compared."""
    import pandas as pd

    return (
        type(frame) is pd.DataFrame
        and not frame.attrs
        and (isinstance(frame.index, pd.RangeIndex) or _is_usual_index(frame.index))
        and _is_usual_index(frame.columns)
        and all(map(_is_usual_type, frame.dtypes))
    )


def _is_usual_index(index: Any) -> bool:
    import pandas as pd

    if isinstance(index, pd.RangeIndex):
        return True
    texts = isinstance(index.dtype, pd.StringDtype) and str(index.dtype) == "str"
    plain = texts or str(index.dtype) == "int64"
    return type(index) is pd.Index and plain and index.is_unique and not index.hasnans


def _is_usual_type(dtype: Any) -> bool:
    import pandas as pd

    if isinstance(dtype, pd.CategoricalDtype):
        return str(dtype.categories.dtype) == "str"
    return str(dtype) in _USUAL or str(dtype) in {"datetime64[ns]", "datetime64[us]"}


def verified(written: Written, frame: Any, read: Callable[[Written], Any], *, or_refuse: bool = False) -> Written:
    """Have an unusual frame read back at once, and say in the details where it does not come back as it was.

    Args:
        written: what the writer remembers.
        frame: what was written.
        read: reads it back, with the details that are given.
        or_refuse: whether a file that cannot be read is none; else it is still text for people and other programs.

    Raises:
        CannotWriteError: with `or_refuse`, it could not be read.
    """
    if is_usual(frame):
        return written
    try:
        back = read(written)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        if or_refuse:
            raise CannotWriteError(f"it could not be read again ({reason})") from error
        # Without what would mislead the reader: the file alone, as pandas reads it.
        kept = {name: value for name, value in written.details.items() if name not in {"schema", "kept", "notes"}}
        return Written(kept | {"inexact": reason[:_SHOWN]}, None, written.warnings)
    changed = difference(back, frame)
    if changed is None or "inexact" in written.details:
        return written
    return Written(written.details | {"inexact": changed[:_SHOWN]}, written.sidecar, written.warnings)


def difference(one: Any, other: Any) -> str | None:
    """Say in which respect two frames differ, types, labels and index included; None where they do not."""
    import pandas as pd

    if type(one) is not type(other):
        return f"it comes back as a {type(one).__name__}"
    try:
        pd.testing.assert_frame_equal(one, other, check_exact=True, check_freq=True, check_flags=False)
    except AssertionError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return "; ".join(lines[:2])
    except Exception as error:  # noqa: BLE001 - values that cannot even be compared
        return f"it cannot be compared: {type(error).__name__}"
    return None if one.attrs == other.attrs else "its attrs differ"


# ---- columns of objects ----


def misses_none(column: Any) -> bool:
    """Tell whether missing values of a column of objects are None: what Arrow gives back for them is NaN."""
    if column.dtype != object:
        return False
    missing = column.isna()
    return bool(missing.any()) and column[missing.to_numpy()].iloc[0] is None


def changed_objects(frame: Any) -> list[int]:
    """List the columns of Python objects that Arrow does not give back as they are: lists, dicts, a mixture."""
    return [
        position
        for position in range(frame.shape[1])
        if str(frame.dtypes.iloc[position]) == "object" and not _same_from_arrow(frame.iloc[:, position])
    ]


def _same_from_arrow(column: Any) -> bool:
    kinds = set(map(type, column))
    floats = [value for value in column if type(value) is float]
    nans = sum(math.isnan(value) for value in floats)
    none = type(None) in kinds
    if nans and (none or nans == len(column)):
        return False  # both kinds of missing values become one; NaN alone becomes None
    # NaN is what pandas has for a missing value of any kind.
    missing = ({type(None)} if none else set()) | ({float} if floats and nans == len(floats) else set())
    values = kinds - missing
    # Integers beside missing values come back as floats.
    return len(values) <= 1 and values <= (_OBJECTS if missing else {*_OBJECTS, int})


def describe(frame: Any) -> Details:
    """Say what a frame is like."""
    details: Details = {
        "rows": len(frame),
        "columns": [str(column) for column in frame.columns],
        "dtypes": [str(dtype) for dtype in frame.dtypes],
        "index": str(frame.index.dtype),
        "none": [position for position in range(frame.shape[1]) if misses_none(frame.iloc[:, position])],
    }
    if frame.attrs and _is_json(frame.attrs):
        details["attrs"] = frame.attrs
    if getattr(frame.index, "freqstr", None) and type(frame.index).__name__ == "DatetimeIndex":
        details["freq"] = frame.index.freqstr
    changed = changed_objects(frame)
    if changed:
        names = ", ".join(str(frame.columns[position]) for position in changed)
        details["inexact"] = f"Python objects that come back as others stand in: {names}"[:_SHOWN]
    return details


def _is_json(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(value)) == value)
    except (TypeError, ValueError, RecursionError):
        return False


def has_plain_index(frame: Any) -> bool:
    """Tell whether the index is only the numbers of the rows, which a file without an index does not lose."""
    import numpy as np
    import pandas as pd

    index = frame.index
    if index.nlevels > 1 or index.name is not None:
        return False
    if isinstance(index, pd.RangeIndex):
        return (index.start == 0 and index.step == 1) or len(index) == 0
    return len(index) == 0 or (index.dtype.kind in "iu" and bool((index.to_numpy() == np.arange(len(index))).all()))


def index_warnings(frame: Any, what: str) -> tuple[str, ...]:
    """Warn where a file holds no index and the frame has one of its own."""
    if has_plain_index(frame):
        return ()
    return (f"its index is not in the {what} file (load_mlflow gives it back): reset_index() makes it a column.",)
