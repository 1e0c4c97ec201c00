"""Arrays of numpy."""

from __future__ import annotations

import csv
import importlib
import json
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.registry import CannotWriteError, Details, Written

if TYPE_CHECKING:
    from pathlib import Path

_TABLE_DIMENSIONS = (1, 2)


def check_array(value: Any) -> str | None:
    if value.dtype.hasobject:
        return "holds Python objects, which numpy could only pickle: convert it to numbers or texts, or name it .pkl"
    return None


def _describe(value: Any) -> Details:
    return {"dtype": value.dtype.str, "shape": list(value.shape)}


def write_array(value: Any, path: Path) -> Written:
    """Write numpy's own format, without pickle."""
    with path.open("wb") as file:
        importlib.import_module("numpy").save(file, value, allow_pickle=False)
    return Written({"dtype": str(value.dtype), "shape": list(value.shape)})


def read_array(path: Path, _: Details) -> Any:
    return importlib.import_module("numpy").load(path, allow_pickle=False)


def write_archive(value: Any, path: Path) -> Written:
    """Write numpy's archive: a dict of arrays by name, a single one as `arr_0`, as numpy itself calls it."""
    import numpy as np

    arrays = value if isinstance(value, dict) else {"arr_0": value}
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    return Written({"single": not isinstance(value, dict)})


def check_archive(value: Any) -> str | None:
    import numpy as np

    if isinstance(value, np.ndarray):
        return None
    if not isinstance(value, dict) or not value:
        return "is no dict of arrays, which .npz holds: name it .json or .pkl"
    wrong = next(
        (key for key, one in value.items() if not (isinstance(key, str) and isinstance(one, np.ndarray))), None
    )
    if wrong is not None:
        return f"has under {wrong!r} no array, which .npz holds: convert it with numpy.asarray(), or name it .pkl"
    if any(key in {"file", "allow_pickle"} or "/" in key for key in value):
        return "has a name that .npz cannot hold ('file', 'allow_pickle', one with '/'): call it otherwise"
    return next((problem for one in value.values() if (problem := check_array(one))), None)


def read_archive(path: Path, details: Details) -> Any:
    import numpy as np

    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return arrays["arr_0"] if details["single"] else arrays


# ---- text ----


def check_table(value: Any) -> str | None:
    if value.ndim not in _TABLE_DIMENSIONS or value.dtype.names:
        return f"has {value.ndim} dimensions and {value.dtype}, but a table has rows and columns: name it .npy"
    if value.dtype.kind not in "biufcUM":
        return f"is of {value.dtype}, which cannot be read back from text: name it .npy"
    return None


def text_writer(delimiter: str) -> Any:
    """Make a writer of rows: numpy's own text for numbers, which its `loadtxt` reads; texts as CSV with quotes."""

    def write(value: Any, path: Path) -> Written:
        import numpy as np

        if value.dtype.kind == "U":
            with path.open("w", encoding="utf-8-sig", newline="") as file:
                csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows(value.reshape(len(value), -1))
        else:
            # The shortest text that gives the same number; `%.18e`, the default, hides what it was.
            np.savetxt(path, value, fmt="%s", delimiter=delimiter)
        written = Written({**_describe(value), "delimiter": delimiter})
        try:
            same = _equal(read_text(path, written.details), value)
        except (ValueError, TypeError) as error:
            raise CannotWriteError(f"it could not be read again ({error}): name it .npy") from error
        if not same:
            raise CannotWriteError("text does not give it back: name it .npy")
        return written

    return write


def _equal(one: Any, other: Any) -> bool:
    import numpy as np

    return bool(one.dtype == other.dtype and np.array_equal(one, other, equal_nan=other.dtype.kind in "fcM"))


def read_text(path: Path, details: Details) -> Any:
    import numpy as np

    dtype = np.dtype(details["dtype"])
    if dtype.kind == "U":
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, delimiter=details["delimiter"]))
        return np.array(rows, dtype=dtype).reshape(details["shape"])
    if 0 in details["shape"]:
        return np.zeros(details["shape"], dtype)
    if dtype.kind == "b":
        return (np.loadtxt(path, dtype="U5", delimiter=details["delimiter"], ndmin=1) == "True").reshape(
            details["shape"]
        )
    return np.loadtxt(path, dtype=dtype, delimiter=details["delimiter"], ndmin=1).reshape(details["shape"])


def check_numbers(value: Any) -> str | None:
    if value.dtype.kind not in "biufU" or value.dtype.itemsize > (
        8 if value.dtype.kind != "U" else value.dtype.itemsize
    ):
        return f"is of {value.dtype}, which JSON cannot hold: name it .npy"
    return check_array(value)


def write_json(value: Any, path: Path) -> Written:
    path.write_text(json.dumps(value.tolist(), ensure_ascii=False), encoding="utf-8", errors="surrogatepass")
    return Written(_describe(value))


def read_json(path: Path, details: Details) -> Any:
    import numpy as np

    values = json.loads(path.read_text(encoding="utf-8", errors="surrogatepass"))
    return np.array(values, dtype=details["dtype"]).reshape(details["shape"])
