"""Two files whose digests differ, looked into by kind; what could run code is never read."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.formats import tensors
from jupyter_utils.machine.urls import said

from .arrays import Apart, compare_arrays, is_array
from .comparison import Grid, short
from .found import SAME_VALUES, Found
from .pictures import TYPES, compare_pictures
from .tables import compare_tables
from .texts import compare_texts
from .trees import compare_trees
from .verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .tolerance import Tolerance

MOST_BYTES = 2 * 2**30
"""Of a file that is read whole. Checkpoints are mapped, so that theirs do not count."""
_MAPPED = (".pt", ".pth", ".ckpt", ".bin", ".safetensors")
_PICKLED = (".pkl", ".pickle", ".joblib", ".dill", ".skops")


def digest_alone(why: str) -> Found:
    """Say that two files differ, and why that is all."""
    return Found(Verdict.DIFFERS, f"by digest alone: {why}")


def look_into(a: Path, b: Path, tolerance: Tolerance | None = None) -> Found:
    """Compare two files by what their suffix says that they hold."""
    suffix = a.suffix.lower()
    if suffix != b.suffix.lower():
        return digest_alone("the suffixes differ")
    if suffix in _PICKLED:
        return digest_alone("reading it could run code (equal values may have other bytes)")
    if suffix not in _MAPPED and (too_large := why_too_large(a, b)):
        return digest_alone(too_large)
    if suffix in TYPES:
        return compare_pictures(a, b)
    read = _READERS.get(suffix, _text)
    try:
        return compare_values(read(a), read(b), tolerance)
    except Exception as error:  # noqa: BLE001 - a file may hold anything, whatever its name says
        return digest_alone(f"it cannot be looked into ({short(f'{type(error).__name__}: {said(error)}', 200)})")


def why_too_large(*paths: Path) -> str:
    """Say why files are not read whole; empty where they may be."""
    for path in paths:
        size = path.stat().st_size
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                size = max(size, sum(one.file_size for one in archive.infolist()))
        if size > MOST_BYTES:
            return f"it has more than {MOST_BYTES // 2**30} GiB"
    return ""


def compare_values(a: Any, b: Any, tolerance: Tolerance | None) -> Found:
    """Compare two values that were read: frames by cell, texts by line, all else by path."""
    frames = [_frame(one) for one in (a, b)]
    if frames[0] is not None and frames[1] is not None:
        return compare_tables(frames[0], frames[1], tolerance)
    if isinstance(a, str) and isinstance(b, str):
        return compare_texts(a, b)
    if isinstance(a, bytes | bytearray) and isinstance(b, bytes | bytearray):
        try:
            return compare_texts(_decoded(bytes(a)), _decoded(bytes(b)))
        except ValueError:
            return digest_alone("it is no text")
    if is_array(a) and is_array(b) and type(a).__module__ == type(b).__module__:
        apart = compare_arrays(a, b, tolerance)
        return SAME_VALUES if apart.verdict is Verdict.SAME else Found(apart.verdict, str(apart), _farthest(apart))
    return compare_trees(a, b, tolerance)


def _farthest(apart: Apart) -> tuple[Grid, ...]:
    if apart.why:
        return ()
    return (Grid(("where", "A", "B"), ((str(list(apart.where)), apart.a, apart.b),), "the farthest apart"),)


def _frame(value: Any) -> Any | None:
    """Return a table of pandas; None where a value is none."""
    module = type(value).__module__.partition(".")[0]
    if type(value).__name__ == "DataFrame" and module == "pandas":
        return value
    if module in {"polars", "pyarrow", "datasets"} and hasattr(value, "to_pandas"):
        return value.to_pandas()
    return None


def _decoded(content: bytes) -> str:
    if b"\0" in content:
        raise ValueError("no text")
    return content.decode("utf-8-sig")


def _text(path: Path) -> bytes:
    return path.read_bytes()


def _json(path: Path) -> Any:
    return json.loads(path.read_bytes())


def _json_lines(path: Path) -> Any:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _csv(delimiter: str) -> Callable[[Path], Any]:
    def read(path: Path) -> Any:
        import pandas as pd

        return pd.read_csv(path, sep=delimiter, encoding="utf-8-sig", keep_default_na=False, na_values=[""])

    return read


def _parquet(path: Path) -> Any:
    from pyarrow import parquet

    return parquet.read_table(path)


def _feather(path: Path) -> Any:
    from pyarrow import feather

    return feather.read_table(path)


def _array(path: Path) -> Any:
    import numpy as np

    return np.load(path, allow_pickle=False)


def _archive(path: Path) -> Any:
    import numpy as np

    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


_READERS: dict[str, Callable[[Path], Any]] = {
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".csv": _csv(","),
    ".tsv": _csv("\t"),
    ".parquet": _parquet,
    ".feather": _feather,
    ".npy": _array,
    ".npz": _archive,
    **{suffix: lambda path: tensors.read_checkpoint(path, {}) for suffix in _MAPPED[:4]},
    ".safetensors": lambda path: tensors.read_safetensors(path, {}),
}
