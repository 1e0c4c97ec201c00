"""pandas' DataFrames as files of text, and back with their types, index and labels.

What the text forgets is remembered in the manifest: an Arrow schema (types, index), the labels, and - for columns that
text cannot give back, such as durations and time zones, and for an index of values - those columns themselves, as an
Arrow stream beside the manifest (the "sidecar"). Of all formats but CSV and TSV the sidecar holds every column.
"""

from __future__ import annotations

import base64
import functools
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.registry import SIDECAR, CannotWriteError, Details, Written

from . import frame_memory
from .csv_text import BYTE_ORDER_MARK, write_fast
from .frame_check import describe, index_warnings, prepared, verified

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WHOLE = "whole"
"""The writer of a file that is not read back: everything comes from the sidecar."""


def remembered(frame: Any, writer: str, **more: Any) -> Written:
    """Say what a frame is like of which a `writer` has made text: its types and index are remembered as well."""
    details = describe(frame) | {"writer": writer} | more
    try:
        memory = frame_memory.Memory(frame)
        found, sidecar = _details(frame, memory, details, writer)
    except Exception as error:  # noqa: BLE001 - pandas and Arrow raise many kinds for values they cannot hold
        return Written(details | {"inexact": f"{type(error).__name__}: {error}".partition("\n")[0][:300]})
    if memory.lost and "inexact" not in details:
        found["inexact"] = f"no type of Arrow fits {', '.join(memory.lost)}"[:300]
    return Written(details | found, sidecar)


def _details(frame: Any, memory: frame_memory.Memory, details: Details, writer: str) -> tuple[Details, bytes | None]:
    from .frame_check import changed_objects

    table = memory.table
    changed = {str(position) for position in changed_objects(frame)} if "inexact" in details else set()
    kept = [
        name
        for name in table.column_names
        if writer == WHOLE
        or name in changed
        or name in memory.notes
        or not name.isdecimal()
        or not _from_text(table.column(name), writer)
    ]
    found: Details = {
        "labels": frame_memory.labels(frame.columns),
        "schema": base64.b64encode(table.schema.serialize().to_pybytes()).decode(),
        "kept": kept,
    }
    if memory.notes:
        found["notes"] = memory.notes
    return found, frame_memory.to_bytes(table.select(kept).replace_schema_metadata()) if kept else None


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


# ---- CSV and TSV ----


def write_csv(value: Any, path: Path, delimiter: str = ",") -> Written:
    """Write UTF-8 with a byte order mark (Excel then reads Japanese right) and no index."""
    frame = prepared(value)
    writer = "pyarrow"
    if not write_fast(frame, path, delimiter):
        writer = "pandas"
        # pandas quotes a line feed in a cell, but not a lone carriage return, unless rows end with one.
        ends = "\r\n" if _has_carriage_return(frame) else "\n"
        _whole_arrays(frame).to_csv(
            path, sep=delimiter, index=False, encoding="utf-8-sig", errors="surrogatepass", lineterminator=ends
        )
    written = remembered(frame, writer, **({} if delimiter == "," else {"delimiter": delimiter}))
    return _warned(verified(written, frame, lambda made: read_csv(path, _with_sidecar(made))), frame, "CSV")


def write_tsv(value: Any, path: Path) -> Written:
    """Write cells separated by tabs; otherwise as CSV."""
    return write_csv(value, path, "\t")


def _warned(written: Written, frame: Any, what: str) -> Written:
    return Written(written.details, written.sidecar, (*written.warnings, *index_warnings(frame, what)))


def _with_sidecar(written: Written) -> Details:
    return written.details | ({} if written.sidecar is None else {SIDECAR: written.sidecar})


def _whole_arrays(frame: Any) -> Any:
    """Return a frame with lists in place of arrays, of which numpy's text would show the ends only."""
    import numpy as np

    objects = [position for position in range(frame.shape[1]) if str(frame.dtypes.iloc[position]) == "object"]
    arrays = [one for one in objects if np.ndarray in set(map(type, frame.iloc[:, one].to_numpy()))]
    if not arrays:
        return frame
    labels = frame.columns
    frame = frame.set_axis(range(frame.shape[1]), axis=1)
    for position in arrays:
        frame[position] = frame[position].map(lambda one: one.tolist() if isinstance(one, np.ndarray) else one)
    return frame.set_axis(labels, axis=1)


def _has_carriage_return(frame: Any) -> bool:
    texts = (frame.iloc[:, position] for position in range(frame.shape[1]) if frame.dtypes.iloc[position].kind == "O")
    return any(isinstance(value, str) and "\r" in value for values in (frame.columns, *texts) for value in values)


def read_csv(path: Path, details: Details) -> Any:
    """Read a frame back: exactly where the manifest remembers its types, else as pandas guesses them."""
    import pandas as pd

    if "schema" not in details:
        return pd.read_csv(path, encoding="utf-8-sig", sep=details.get("delimiter", ","))
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
        csv.ParseOptions(
            delimiter=details.get("delimiter", ","), newlines_in_values=True, ignore_empty_lines=len(names) > 1
        ),
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
    return restored(pa.Table.from_arrays(columns, schema=schema), details)


def restored(table: Any, details: Details) -> Any:
    """Make the frame again of an Arrow table of its columns, by position where labels are remembered."""
    frame = frame_memory.to_frame(table, details.get("notes", {}), details["dtypes"])
    frame = _with_none(frame, details["none"])
    if "labels" in details:
        frame = frame_memory.relabel(frame, details["labels"])
    if "freq" in details:
        frame.index.freq = details["freq"]
    frame.attrs = dict(details.get("attrs", {}))
    return frame


def _cast(column: Any, kind: Any) -> Any:
    import pyarrow.compute as pc
    from pyarrow import types

    if types.is_integer(kind):
        # Integers with missing values stand in a frame's file as 1.0 where pandas wrote them.
        column = pc.replace_substring_regex(column, r"\.0$", "")
    return pc.cast(column, kind)


def _with_none(frame: Any, positions: list[int]) -> Any:
    """Put None where a column of objects had it; Arrow gives NaN."""
    import pandas as pd

    if not positions:
        return frame
    columns = [frame.iloc[:, position] for position in range(frame.shape[1])]
    for position in positions:
        columns[position] = columns[position].where(columns[position].notna(), None)
    made = dict(enumerate(columns))
    return pd.DataFrame(made, index=frame.index).set_axis(frame.columns, axis=1)


# ---- what only the sidecar gives back ----


def _writer(
    write: Callable[[Any, Path], None], what: str, *, has_index: bool = False
) -> Callable[[Any, Path], Written]:
    """Make a writer of a file that pandas writes for others, with the whole frame beside it."""

    @functools.wraps(write)
    def whole(value: Any, path: Path) -> Written:
        frame = prepared(value)
        try:
            write(frame, path)
        except Exception as error:
            raise CannotWriteError(f"{what} cannot hold it ({type(error).__name__}: {error}): name it .pkl") from error
        written = verified(remembered(frame, WHOLE), frame, lambda made: read_whole(path, _with_sidecar(made)))
        if what.startswith("JSON") and _has_infinities(frame):
            said = f"infinities are null in the {what} file (load_mlflow gives them back)."
            written = Written(written.details, written.sidecar, (*written.warnings, said))
        return written if has_index else _warned(written, frame, what)

    return whole


def read_whole(path: Path, details: Details) -> Any:
    """Read a frame of which everything is in the sidecar; where it is not, as pandas reads such a file."""
    import pandas as pd

    if "schema" in details:
        return _restore(None, details)
    match path.suffix.lower():
        case ".xlsx":
            return pd.read_excel(path, engine="openpyxl")
        case ".jsonl" | ".ndjson":
            return pd.read_json(path, orient="records", lines=True)
        case _:
            return pd.read_json(path, orient="records")


def _json(frame: Any, path: Path, **form: Any) -> None:
    text = frame.to_json(
        orient="records", force_ascii=False, double_precision=15, date_format="iso", date_unit="ns", **form
    )
    # Given the path, pandas writes through a stream of text, which takes longer.
    path.write_bytes(text.encode(errors="surrogatepass"))


def _has_infinities(frame: Any) -> bool:
    import numpy as np

    floats = [one for one, kind in enumerate(frame.dtypes) if getattr(kind, "kind", "") == "f"]
    return any(bool(np.isinf(frame.iloc[:, one].to_numpy(dtype=float, na_value=np.nan)).any()) for one in floats)


def excel(frame: Any, path: Path) -> None:
    import pandas as pd

    too_long = 32_767
    for position in range(frame.shape[1]):
        column = frame.iloc[:, position]
        if column.dtype.kind == "O" and any(isinstance(one, str) and len(one) > too_long for one in column):
            raise ValueError(f"the column {frame.columns[position]!r} has a text of more than {too_long:,} characters")
    with path.open("wb") as file, pd.ExcelWriter(file, engine="openpyxl") as book:
        frame.to_excel(book, index=False)
        for sheet in book.sheets.values():
            for cell in (cell for row in sheet.iter_rows() for cell in row if cell.data_type in {"f", "e"}):
                cell.data_type = "s"  # a text that begins with "=" is no formula


def _html(frame: Any, path: Path) -> None:
    import pandas as pd

    with pd.option_context("display.max_colwidth", None):
        table = frame.to_html()
    path.write_text(f'<!DOCTYPE html>\n<meta charset="utf-8">\n{table}\n', encoding="utf-8")


def _latex(frame: Any, path: Path) -> None:
    import pandas as pd

    with pd.option_context("display.max_colwidth", None):
        path.write_text(frame.to_latex(), encoding="utf-8")


def _markdown(frame: Any, path: Path) -> None:
    path.write_text(frame.to_markdown(), encoding="utf-8")


write_json = _writer(functools.partial(_json, indent=1), "JSON")
"""A list of rows, one object each (`orient="records"`), UTF-8, Japanese as it is."""
write_jsonl = _writer(functools.partial(_json, lines=True), "JSON Lines")
"""A row on each line."""
write_excel = _writer(excel, "Excel")
write_html = _writer(_html, "HTML", has_index=True)
write_latex = _writer(_latex, "LaTeX", has_index=True)
write_markdown = _writer(_markdown, "Markdown", has_index=True)
