"""What a file of texts forgets of a pandas DataFrame: its types, index and labels, remembered as an Arrow table.

A column that Arrow has no type for is brought into a form that it has, with a note that brings it back: a categorical
column with categories that are neither texts nor numbers (those of `pd.cut`) becomes its codes. What cannot be
brought into any becomes text, and is named.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_utils.artifacts.registry import Details


class Memory:
    """An Arrow table of a frame's columns, by position, and the notes that make of it the frame again."""

    def __init__(self, frame: Any) -> None:
        import pandas as pd

        self.notes: Details = {}
        self.lost: list[str] = []
        columns: dict[str, Any] = {}
        for position in range(frame.shape[1]):
            if _is_plain(frame.dtypes.iloc[position]):
                continue
            column = frame.iloc[:, position]
            storable, note = _storable(column)
            if storable is not column:
                columns[str(position)] = storable
            if note:
                self.notes[str(position)] = note
        # By position: labels may be doubled, and of any type.
        simple = frame.set_axis([str(number) for number in range(frame.shape[1])], axis=1)
        simple = pd.DataFrame({name: columns.get(name, simple[name]) for name in simple}) if columns else simple
        if simple.attrs:
            simple.attrs = {}
        if _has_odd_categories(frame.index):
            self.notes["index"] = pack_index(frame.index)
            simple = simple.reset_index(drop=True)
        self.table = self._table(simple, frame)

    def _table(self, simple: Any, frame: Any) -> Any:
        import pyarrow as pa

        try:
            return plain_metadata(pa.Table.from_pandas(simple))
        except Exception:  # noqa: BLE001 - pandas and Arrow raise many kinds for values they cannot hold
            return plain_metadata(pa.Table.from_pandas(self._reduced(simple, frame)))

    def _reduced(self, simple: Any, frame: Any) -> Any:
        """Return the frame with texts in place of the columns that Arrow cannot hold, and without such an index."""
        import pyarrow as pa

        for position in range(simple.shape[1]):
            column = simple.iloc[:, position]
            try:
                pa.Table.from_pandas(column.to_frame(), preserve_index=False)
            except Exception:  # noqa: BLE001 - as above
                simple[str(position)] = column.map(str, na_action="ignore").astype(object)
                self.lost.append(f"column {str(frame.columns[position])!r}")
        try:
            pa.Table.from_pandas(simple.iloc[:, :0])
        except Exception:  # noqa: BLE001 - as above
            simple = simple.reset_index(drop=True)
            try:
                self.notes["index"] = pack_index(frame.index)
            except Exception:  # noqa: BLE001 - as above
                self.lost.append("the index")
        return simple


def _is_plain(dtype: Any) -> bool:
    """Tell whether Arrow holds a type as it is: those of numpy, texts, and texts as categories."""
    dtype = getattr(getattr(dtype, "categories", None), "dtype", dtype)
    return type(dtype).__module__.startswith("numpy") or str(dtype) == "str"


def _has_odd_categories(index: Any) -> bool:
    """Tell whether an index, or a level of it, has categories that are no texts: Arrow fails when it reads them."""
    import pandas as pd

    kinds = index.dtypes if index.nlevels > 1 else [index.dtype]
    return any(isinstance(kind, pd.CategoricalDtype) and not _are_texts(kind.categories) for kind in kinds)


def _are_texts(index: Any) -> bool:
    return str(index.dtype) == "str"


def _storable(column: Any) -> tuple[Any, Details]:
    """Return a column in a form that Arrow holds, and what brings it back (nothing where Arrow does)."""
    import pandas as pd

    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return _categorical(column)
    if isinstance(kind, pd.ArrowDtype):
        return column, {"arrow": True}
    if isinstance(kind, pd.SparseDtype):
        return column.sparse.to_dense(), {}
    if isinstance(kind, pd.StringDtype) and str(kind) != "str":
        return column, {"string": kind.storage}
    return column, {}


def _categorical(column: Any) -> tuple[Any, Details]:
    categories = column.dtype.categories
    if _are_texts(categories):
        return column, {}
    note = {"categories": pack_index(categories), "ordered": bool(column.dtype.ordered), "codes": True}
    return column.cat.codes, note


def plain_metadata(table: Any) -> Any:
    """Have Arrow make of a column with an Arrow type what it makes by itself: it fails at the names of some."""
    if b"[pyarrow]" not in table.schema.metadata[b"pandas"]:
        return table
    metadata = table.schema.pandas_metadata
    for column in metadata["columns"]:
        if column["numpy_type"].endswith("[pyarrow]"):
            column["numpy_type"] = "object"
    return table.replace_schema_metadata({**table.schema.metadata, b"pandas": json.dumps(metadata).encode()})


def pack_index(index: Any) -> Details:
    """Return an index (labels, categories) as what JSON holds."""
    import pandas as pd

    frame = index.to_frame(index=False).set_axis(range(index.nlevels), axis=1)
    if isinstance(index, pd.MultiIndex):
        frame = frame.astype(dict(enumerate(index.dtypes.to_numpy())))
    memory = Memory(frame)
    if memory.lost:
        raise TypeError(f"{type(index).__name__} of such values")
    freq = getattr(index, "freqstr", None)
    return {
        "table": base64.b64encode(to_bytes(memory.table)).decode(),
        "notes": memory.notes,
        "names": list(index.names),
        "levels": index.nlevels,
        "type": type(index).__name__,
        "freq": freq if type(index).__name__ == "DatetimeIndex" else None,
    }


def unpack_index(packed: Details) -> Any:
    """Return the index that was packed."""
    import pandas as pd
    import pyarrow as pa

    table = pa.ipc.open_stream(base64.b64decode(packed["table"])).read_all()
    frame = to_frame(table, packed["notes"], None)
    if packed["type"] == "MultiIndex":
        return pd.MultiIndex.from_frame(frame, names=packed["names"])
    index = pd.Index(frame.iloc[:, 0]).rename(packed["names"][0])
    return pd.DatetimeIndex(index, freq=packed["freq"]) if packed["freq"] else index


def to_frame(table: Any, notes: Details, dtypes: list[str] | None) -> Any:
    """Make the frame again of a table like that of `Memory`; `dtypes` are the names of the types that it had."""
    import pandas as pd

    frame = table.to_pandas()
    columns = {
        position: _column(
            frame.iloc[:, position], table, notes.get(str(position)), dtypes[position] if dtypes else None
        )
        for position in range(frame.shape[1])
    }
    # Unchanged columns stay where they are: a frame of one type is one block of memory.
    changed = {position: column for position, column in columns.items() if column is not None}
    if changed:
        made = {position: changed.get(position, frame.iloc[:, position]) for position in columns}
        frame = pd.DataFrame(made, index=frame.index).set_axis(frame.columns, axis=1)
    return frame.set_axis(unpack_index(notes["index"]), axis=0) if "index" in notes else frame


def _column(column: Any, table: Any, note: Details | None, dtype: str | None) -> Any:
    """Return a column with the type that it had; None where it has it already."""
    import pandas as pd

    if note and "arrow" in note:
        values = pd.arrays.ArrowExtensionArray(table.column(str(column.name)))
        return pd.Series(values, index=column.index, name=column.name)
    if note and "string" in note:
        return column.astype(pd.StringDtype(note["string"], na_value=pd.NA))
    if note:
        kind = pd.CategoricalDtype(unpack_index(note["categories"]), ordered=note["ordered"])
        if note.get("codes"):
            return pd.Series(pd.Categorical.from_codes(column.to_numpy(), dtype=kind), index=column.index)
        return column.astype(kind)
    return None if dtype is None or str(column.dtype) == dtype else column.astype(dtype)


# ---- the labels of columns ----


def labels(columns: Any) -> Details:
    """Return the columns' labels as what JSON holds.

    Raises:
        TypeError: they are of a kind that cannot be given back.
    """
    values = [list(label) if isinstance(label, tuple) else label for label in columns.tolist()]
    plain = {"values": values, "names": list(columns.names), "levels": columns.nlevels, "dtype": str(columns.dtype)}
    try:
        if json.loads(json.dumps(plain)) == plain and str(columns.dtype) not in {"category", "string"}:
            return plain
    except TypeError:
        pass
    return {"packed": pack_index(columns), "levels": columns.nlevels}


def relabel(frame: Any, remembered: Details) -> Any:
    """Put the labels that were remembered on a frame."""
    import pandas as pd

    if "packed" in remembered:
        frame.columns = unpack_index(remembered["packed"])
    elif remembered["levels"] > 1:
        values = [tuple(value) for value in remembered["values"]]
        frame.columns = pd.MultiIndex.from_tuples(values, names=remembered["names"])
    else:
        frame.columns = pd.Index(remembered["values"], dtype=remembered["dtype"], name=remembered["names"][0])
    return frame


def to_bytes(table: Any) -> bytes:
    """Return a table as an Arrow stream."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue().to_pybytes())
