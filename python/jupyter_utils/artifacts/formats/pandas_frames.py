"""pandas' DataFrames as CSV, Parquet and JSON, and back with their types, index and labels.

CSV and JSON keep texts and numbers only. What they forget is remembered in the manifest: an Arrow schema (types,
index), the labels, and - for columns that text cannot give back, such as durations and time zones, and for an index
of values - those columns themselves, as an Arrow stream beside the manifest (the "sidecar").
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.registry import SIDECAR, CannotWriteError, Details, Written

from .csv_text import BYTE_ORDER_MARK, write_fast

if TYPE_CHECKING:
    from pathlib import Path

# Kinds of Python objects that a column of objects gives back as they were, alone or beside missing values.
_OBJECTS = {str, bytes, bool, float, Decimal, dt.date, dt.time}

# ---- what the manifest remembers ----


def describe(frame: Any) -> Details:
    """Say what a frame is like."""
    details: Details = {
        "rows": len(frame),
        "columns": [str(column) for column in frame.columns],
        "dtypes": [str(dtype) for dtype in frame.dtypes],
        "index": str(frame.index.dtype),
        "none": [position for position in range(frame.shape[1]) if _misses_none(frame.iloc[:, position])],
    }
    changed = _changed_objects(frame)
    if changed:
        names = ", ".join(str(frame.columns[position]) for position in changed)
        details["inexact"] = f"Python objects that come back as others stand in: {names}"[:300]
    return details


def describe_text(frame: Any, writer: str) -> Written:
    """Say what a frame is like of which a `writer` has made text: its types and index are remembered as well."""
    details = describe(frame) | {"writer": writer}
    try:
        remembered = _remember(frame, writer)
    except Exception as error:  # noqa: BLE001 - pandas and Arrow raise many kinds for values they cannot hold
        return Written(details | {"inexact": f"{type(error).__name__}: {error}".partition("\n")[0][:300]})
    return Written(details | remembered.details, remembered.sidecar)


def _misses_none(column: Any) -> bool:
    """Tell whether missing values of a column of objects are None: what Arrow gives back for them is NaN."""
    if column.dtype != object:
        return False
    missing = column.isna()
    return bool(missing.any()) and column[missing.to_numpy()].iloc[0] is None


def _changed_objects(frame: Any) -> list[int]:
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


def _remember(frame: Any, writer: str) -> Written:
    import pyarrow as pa

    # By position: labels may be doubled, and of any type.
    table = pa.Table.from_pandas(frame.set_axis([str(number) for number in range(frame.shape[1])], axis=1))
    changed = {str(position) for position in _changed_objects(frame)}
    kept = [
        name
        for name in table.column_names
        if name in changed or not name.isdecimal() or not _from_text(table.column(name), writer)
    ]
    details: Details = {
        "labels": _labels(frame.columns),
        "schema": base64.b64encode(table.schema.serialize().to_pybytes()).decode(),
        "kept": kept,
    }
    return Written(details, _to_bytes(table.select(kept).replace_schema_metadata()) if kept else None)


def _from_text(column: Any, writer: str) -> bool:
    """Tell whether a column is the same after it was written as text and read again."""
    import pyarrow.compute as pc
    from pyarrow import types

    kind = column.type
    if types.is_string(kind) or types.is_large_string(kind):
        # pandas writes an empty text like a missing one; pyarrow tells them apart.
        return writer == "pyarrow" or not pc.any(pc.equal(column, "")).as_py()
    if types.is_floating(kind):
        return not types.is_float16(kind)  # half floats are not read from text
    return types.is_integer(kind) or types.is_boolean(kind) or (types.is_timestamp(kind) and kind.tz is None)


def _labels(columns: Any) -> Details:
    values = [list(label) if isinstance(label, tuple) else label for label in columns.tolist()]
    labels = {"values": values, "names": list(columns.names), "levels": columns.nlevels, "dtype": str(columns.dtype)}
    if json.loads(json.dumps(labels)) != labels:
        raise CannotWriteError("the column labels are not texts and numbers")
    return labels


def _to_bytes(table: Any) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


# ---- CSV ----


def write_csv(value: Any, path: Path) -> Written:
    """Write UTF-8 with a byte order mark (Excel then reads Japanese right) and no index."""
    if not write_fast(value, path):
        # pandas quotes a line feed in a cell, but not a lone carriage return, unless rows end with one.
        ends = "\r\n" if _has_carriage_return(value) else "\n"
        value.to_csv(path, index=False, encoding="utf-8-sig", errors="surrogatepass", lineterminator=ends)
        return describe_text(value, "pandas")
    return describe_text(value, "pyarrow")


def _has_carriage_return(frame: Any) -> bool:
    texts = (frame.iloc[:, position] for position in range(frame.shape[1]) if frame.dtypes.iloc[position].kind == "O")
    return any(isinstance(value, str) and "\r" in value for values in (frame.columns, *texts) for value in values)


def read_csv(path: Path, details: Details) -> Any:
    """Read a frame back: exactly where the manifest remembers its types, else as pandas guesses them."""
    import pandas as pd

    if "schema" not in details:
        return pd.read_csv(path, encoding="utf-8-sig")
    return _restore(_read_texts(path, details), details)


def _read_texts(path: Path, details: Details) -> Any:
    """Read the cells as they stand there: a missing one is empty, an empty text is quoted (where pyarrow wrote it)."""
    import pyarrow as pa
    from pyarrow import csv

    names = [str(number) for number in range(len(details["columns"]))]
    if details["rows"] == 0 or not names:
        return pa.table({name: pa.array([], pa.large_string()) for name in names})
    table = csv.read_csv(
        pa.BufferReader(path.read_bytes().removeprefix(BYTE_ORDER_MARK)),
        csv.ReadOptions(column_names=names, block_size=1 << 30),
        csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=len(names) > 1),
        csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.large_string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=details["writer"] == "pandas",
        ),
    )
    return table.slice(details["labels"]["levels"])


# ---- giving types, index and labels back ----


def _restore(texts: Any, details: Details) -> Any:
    import pyarrow as pa

    schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(details["schema"])))
    kept = pa.ipc.open_stream(details[SIDECAR]).read_all() if details["kept"] else texts
    columns = [
        kept.column(field.name) if field.name in details["kept"] else _cast(texts.column(field.name), field.type)
        for field in schema
    ]
    frame = pa.Table.from_arrays(columns, schema=schema).to_pandas()
    return _relabel(_retype(frame, details), details["labels"])


def _cast(column: Any, kind: Any) -> Any:
    import pyarrow.compute as pc
    from pyarrow import types

    if types.is_integer(kind):
        # Integers with missing values stand in a frame's file as 1.0 where pandas wrote them.
        column = pc.replace_substring_regex(column, r"\.0$", "")
    return pc.cast(column, kind)


def _retype(frame: Any, details: Details) -> Any:
    """Set the columns' type that Arrow does not tell apart, such as `object` from `str`."""
    import pandas as pd

    columns = [frame.iloc[:, position] for position in range(frame.shape[1])]
    wrong = [position for position, column in enumerate(columns) if str(column.dtype) != details["dtypes"][position]]
    if not wrong and not details["none"]:
        return frame
    for position in wrong:
        columns[position] = columns[position].astype(details["dtypes"][position])
    for position in details["none"]:
        columns[position] = columns[position].where(columns[position].notna(), None)
    made = dict(enumerate(columns))
    return pd.DataFrame(made, index=frame.index).set_axis(frame.columns, axis=1)


def _relabel(frame: Any, labels: Details) -> Any:
    import pandas as pd

    if labels["levels"] > 1:
        frame.columns = pd.MultiIndex.from_tuples([tuple(value) for value in labels["values"]], names=labels["names"])
    else:
        frame.columns = pd.Index(labels["values"], dtype=labels["dtype"], name=labels["names"][0])
    return frame


# ---- Parquet and JSON ----


def write_parquet(value: Any, path: Path) -> Written:
    try:
        value.to_parquet(path, engine="pyarrow")
    except Exception as error:
        raise CannotWriteError(f"Parquet cannot hold it ({type(error).__name__}: {error})") from error
    return Written(describe(value))


def read_parquet(path: Path, details: Details) -> Any:
    import pandas as pd

    return _retype(pd.read_parquet(path), details)


def write_json(value: Any, path: Path) -> Written:
    """Write a list of rows, one object each (`orient="records"`), UTF-8, Japanese as it is."""
    value.to_json(
        path, orient="records", force_ascii=False, double_precision=15, date_format="iso", date_unit="ns", indent=1
    )
    return Written(describe(value) | {"inexact": "JSON keeps texts and numbers (15 digits) only"})


def read_json(path: Path, _: Details) -> Any:
    import pandas as pd

    return pd.read_json(path, orient="records")
