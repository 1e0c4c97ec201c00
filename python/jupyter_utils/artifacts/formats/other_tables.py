"""Tables that are not pandas': Polars, Arrow, any with the dataframe interchange protocol, Hugging Face datasets."""

from __future__ import annotations

import base64
import importlib
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.registry import CannotWriteError, Details, Written

from .csv_text import BYTE_ORDER_MARK

if TYPE_CHECKING:
    from pathlib import Path


def _to_arrow(value: Any) -> Any:
    import pyarrow as pa

    if isinstance(value, pa.Table):
        return value
    if callable(getattr(value, "to_arrow", None)):  # Polars
        return value.to_arrow()
    return importlib.import_module("pyarrow.interchange").from_dataframe(value)


def _describe(table: Any, value: Any) -> Details:
    return {
        "rows": table.num_rows,
        "columns": table.column_names,
        "dtypes": [str(kind) for kind in table.schema.types],
        "library": type(value).__module__.partition(".")[0],
        "schema": base64.b64encode(table.schema.serialize().to_pybytes()).decode(),
    }


def write_csv(value: Any, path: Path) -> Written:
    """Write UTF-8 with a byte order mark, as for pandas' frames."""
    import pyarrow as pa
    from pyarrow import csv

    table = _to_arrow(value)
    try:
        with path.open("wb") as file:
            file.write(BYTE_ORDER_MARK)
            csv.write_csv(table, file)
    except pa.ArrowException as error:
        raise CannotWriteError(f"CSV cannot hold it ({error}): name it .parquet") from error
    details = _describe(table, value)
    if not _restored(path, details).equals(table):
        details["inexact"] = "a column's values are not the same after they were text"
    return Written(details)


def read_csv(path: Path, details: Details) -> Any:
    return _in_library(_restored(path, details), details)


def _restored(path: Path, details: Details) -> Any:
    """Read the file with the types that the manifest remembers; where Arrow cannot, with those that it guesses."""
    import pyarrow as pa
    from pyarrow import csv

    schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(details["schema"])))
    source = path.read_bytes().removeprefix(BYTE_ORDER_MARK)
    parse = csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=len(schema) > 1)
    plain = csv.ConvertOptions(null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False)
    typed = csv.ConvertOptions(
        null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False,
        column_types={field.name: _readable(field.type) for field in schema},
    )  # fmt: skip
    try:
        return csv.read_csv(pa.BufferReader(source), parse_options=parse, convert_options=typed).cast(schema)
    except pa.ArrowException:
        return csv.read_csv(pa.BufferReader(source), parse_options=parse, convert_options=plain)


def _readable(kind: Any) -> Any:
    """Return the type as which Arrow's reader of CSV can read a column, to be cast to its own afterwards."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _readable(kind.value_type)
    return pa.large_string() if pa.types.is_string_view(kind) else kind


def write_parquet(value: Any, path: Path) -> Written:
    table = _to_arrow(value)
    importlib.import_module("pyarrow.parquet").write_table(table, path)
    return Written(_describe(table, value))


def read_parquet(path: Path, details: Details) -> Any:
    return _in_library(importlib.import_module("pyarrow.parquet").read_table(path), details)


def _in_library(table: Any, details: Details) -> Any:
    """Return a Polars frame where one was saved, else an Arrow table, which has the interchange protocol too."""
    return importlib.import_module("polars").from_arrow(table) if details["library"] == "polars" else table


# ---- Hugging Face datasets ----


def write_dataset(value: Any, path: Path) -> Written:
    """Write the directory that `datasets.load_from_disk` loads."""
    value.save_to_disk(path)
    return Written({"class": type(value).__name__})


def read_dataset(path: Path, _: Details) -> Any:
    return importlib.import_module("datasets").load_from_disk(str(path))
