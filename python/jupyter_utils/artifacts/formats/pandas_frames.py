"""pandas' DataFrames as Parquet and Feather, which keep types themselves, and back."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.registry import CannotWriteError, Details, Written

from .frame_check import describe, prepared, verified
from .frame_memory import labels, pack_index, plain_metadata
from .pandas_text import restored

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def write_parquet(value: Any, path: Path) -> Written:
    from pyarrow import parquet

    return _write(value, path, parquet.write_table, "Parquet")


def write_feather(value: Any, path: Path) -> Written:
    """Write Arrow's file format (Feather, version 2)."""
    from pyarrow import feather

    return _write(value, path, feather.write_feather, "Feather")


def read_parquet(path: Path, details: Details) -> Any:
    from pyarrow import parquet

    return _read(parquet.read_table(path), details)


def read_feather(path: Path, details: Details) -> Any:
    from pyarrow import feather

    return _read(feather.read_table(path), details)


def _write(value: Any, path: Path, write: Callable[[Any, Path], None], what: str) -> Written:
    frame = prepared(value)
    try:
        write(_table(frame), path)
    except Exception as error:
        said = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise CannotWriteError(f"{what} cannot hold it ({said}): name it .csv or .pkl") from error
    written = Written(describe(frame) | _notes(frame))
    read = read_parquet if what == "Parquet" else read_feather
    try:
        return verified(written, frame, lambda made: read(path, made.details), or_refuse=True)
    except CannotWriteError as error:
        raise CannotWriteError(f"{what} cannot hold it ({error}): name it .csv or .pkl") from error


def _table(frame: Any) -> Any:
    import pyarrow as pa

    doubled = frame.columns[frame.columns.duplicated()]
    if len(doubled):
        raise ValueError(f"the column {doubled[0]!r} is there more than once")
    attrs = describe(frame.iloc[:0]).get("attrs")
    bare = frame.copy(deep=False)
    bare.attrs = {}
    with warnings.catch_warnings():
        # That labels become texts; they are remembered, and the frame is compared.
        warnings.simplefilter("ignore", UserWarning)
        table = plain_metadata(pa.Table.from_pandas(bare))
    if attrs is None:
        return table
    # As pandas' own `to_parquet` does.
    return table.replace_schema_metadata({**table.schema.metadata, b"PANDAS_ATTRS": json.dumps(attrs).encode()})


def _notes(frame: Any) -> Details:
    """Note what such a file loses: the order of categories, kinds of texts, Arrow's types, labels that are no texts."""
    import pandas as pd

    notes: Details = {}
    for position, kind in enumerate(frame.dtypes):
        if isinstance(kind, pd.CategoricalDtype) and str(kind.categories.dtype) != "str":
            notes[str(position)] = {"categories": pack_index(kind.categories), "ordered": bool(kind.ordered)}
        elif isinstance(kind, pd.ArrowDtype):
            notes[str(position)] = {"arrow": True}
        elif isinstance(kind, pd.StringDtype) and str(kind) != "str":
            notes[str(position)] = {"string": kind.storage}
    found: Details = {"notes": notes} if notes else {}
    if str(frame.columns.dtype) != "str" or frame.columns.nlevels > 1:
        found["labels"] = labels(frame.columns)
    return found


def _read(table: Any, details: Details) -> Any:
    attrs = (table.schema.metadata or {}).get(b"PANDAS_ATTRS")
    return restored(table, details if attrs is None else {"attrs": json.loads(attrs)} | details)
