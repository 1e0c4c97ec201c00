"""Tables that are not pandas': Polars, Arrow, any with the dataframe interchange protocol, Hugging Face datasets.

All are written as the Arrow table that they give, and restored from what the file gives back; of formats for other
programs (JSON, Excel) the table itself lies beside.
"""

from __future__ import annotations

import base64
import functools
import importlib
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.registry import SIDECAR, CannotWriteError, Details, Written

from . import pandas_text
from .csv_text import BYTE_ORDER_MARK
from .frame_memory import to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _to_arrow(value: Any) -> Any:
    import pyarrow as pa

    if isinstance(value, pa.Table):
        return value
    if callable(getattr(value, "to_arrow", None)):  # Polars
        return value.to_arrow()
    if _library(value) == "datasets":
        return value.with_format("arrow")[:]
    return importlib.import_module("pyarrow.interchange").from_dataframe(value)


def _library(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


def _describe(table: Any, value: Any) -> Details:
    return {
        "rows": table.num_rows,
        "columns": table.column_names,
        "dtypes": [str(kind) for kind in table.schema.types],
        "library": _library(value),
        "schema": base64.b64encode(table.schema.serialize().to_pybytes()).decode(),
    }


def write_csv(value: Any, path: Path, delimiter: str = ",") -> Written:
    """Write UTF-8 with a byte order mark, as for pandas' frames."""
    import pyarrow as pa
    from pyarrow import csv

    table = _to_arrow(value)
    try:
        with path.open("wb") as file:
            file.write(BYTE_ORDER_MARK)
            csv.write_csv(table, file, csv.WriteOptions(delimiter=delimiter))
    except pa.ArrowException as error:
        raise CannotWriteError(f"CSV cannot hold it ({error}): name it .parquet") from error
    details = _describe(table, value) | ({} if delimiter == "," else {"delimiter": delimiter})
    if not _restored(path, details).equals(table):
        details["inexact"] = "a column's values are not the same after they were text"
    return Written(details)


def write_tsv(value: Any, path: Path) -> Written:
    """Write cells separated by tabs; otherwise as CSV."""
    return write_csv(value, path, "\t")


def read_csv(path: Path, details: Details) -> Any:
    return _in_library(_restored(path, details), details)


def _schema(details: Details) -> Any:
    import pyarrow as pa

    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(details["schema"])))


def _restored(path: Path, details: Details) -> Any:
    """Read the file with the types that the manifest remembers; where Arrow cannot, with those that it guesses."""
    import pyarrow as pa
    from pyarrow import csv

    schema = _schema(details)
    source = path.read_bytes().removeprefix(BYTE_ORDER_MARK)
    parse = csv.ParseOptions(
        delimiter=details.get("delimiter", ","), newlines_in_values=True, ignore_empty_lines=len(schema) > 1
    )
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


# ---- files that keep types ----


def write_parquet(value: Any, path: Path) -> Written:
    return _write_typed(value, path, _parquet().write_table, _parquet().read_schema, _read_parquet)


def write_feather(value: Any, path: Path) -> Written:
    """Write Arrow's file format (Feather, version 2)."""
    write = importlib.import_module("pyarrow.feather").write_feather
    return _write_typed(value, path, write, _feather_schema, _read_feather)


def _parquet() -> Any:
    return importlib.import_module("pyarrow.parquet")


def _feather_schema(path: Path) -> Any:
    with importlib.import_module("pyarrow").ipc.open_file(path) as file:
        return file.schema


def _write_typed(
    value: Any,
    path: Path,
    write: Callable[[Any, Path], None],
    schema: Callable[[Path], Any],
    read: Callable[[Path, Details], Any],
) -> Written:
    table = _to_arrow(value)
    details = _describe(table, value)
    try:
        write(table, path)
        # Values are lost with their type only, so that nothing is read again where the types are the same.
        same = _alike(schema(path), table.schema) or read(path, details).equals(table)
    except Exception as error:
        said = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise CannotWriteError(f"it cannot hold the table ({said}): name it .csv or .pkl") from error
    return Written(details if same else details | {"inexact": "some of its types come back as others"})


def _alike(one: Any, other: Any) -> bool:
    """Tell whether two schemas have the same types; texts are stored in several ways, which say the same."""
    return one.names == other.names and list(map(_meant, one.types)) == list(map(_meant, other.types))


def _meant(kind: Any) -> Any:
    types = importlib.import_module("pyarrow").types
    if types.is_dictionary(kind):
        return kind.index_type, _meant(kind.value_type), kind.ordered
    return "text" if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind) else kind


def _read_parquet(path: Path, details: Details) -> Any:
    return _cast(_parquet().read_table(path), details)


def _read_feather(path: Path, details: Details) -> Any:
    return _cast(importlib.import_module("pyarrow.feather").read_table(path), details)


def _cast(table: Any, details: Details) -> Any:
    schema = _schema(details)
    return table if table.schema.equals(schema, check_metadata=True) else table.cast(schema)


def read_parquet(path: Path, details: Details) -> Any:
    return _in_library(_read_parquet(path, details), details)


def read_feather(path: Path, details: Details) -> Any:
    return _in_library(_read_feather(path, details), details)


# ---- files for other programs ----


def _beside(write: Callable[[Any, Path], None], what: str) -> Callable[[Any, Path], Written]:
    """Make a writer of a file that is not read back: the table itself lies beside it."""

    @functools.wraps(write)
    def whole(value: Any, path: Path) -> Written:
        table = _to_arrow(value)
        try:
            write(table, path)
        except Exception as error:
            said = f"{type(error).__name__}: {error}".partition("\n")[0]
            raise CannotWriteError(f"{what} cannot hold it ({said}): name it .parquet") from error
        return Written(_describe(table, value), to_bytes(table))

    return whole


def _polars(table: Any) -> Any:
    return importlib.import_module("polars").from_arrow(table)


write_json = _beside(lambda table, path: _polars(table).write_json(path), "JSON")
write_jsonl = _beside(lambda table, path: _polars(table).write_ndjson(path), "JSON Lines")
write_excel = _beside(lambda table, path: pandas_text.excel(table.to_pandas(), path), "Excel")


def read_beside(_: Path, details: Details) -> Any:
    """Return the table that lies beside the file."""
    import pyarrow as pa

    return _in_library(pa.ipc.open_stream(details[SIDECAR]).read_all(), details)


def _in_library(table: Any, details: Details) -> Any:
    """Return a Polars frame or a dataset where one was saved, else an Arrow table, which is one for most libraries."""
    match details["library"]:
        case "polars":
            return _polars(table)
        case "datasets":
            return importlib.import_module("datasets").Dataset(table)
        case _:
            return table


# ---- Hugging Face datasets ----


def write_dataset(value: Any, path: Path) -> Written:
    """Write the directory that `datasets.load_from_disk` loads."""
    value.save_to_disk(path)
    return Written({"class": type(value).__name__})


def read_dataset(path: Path, _: Details) -> Any:
    return importlib.import_module("datasets").load_from_disk(str(path))
