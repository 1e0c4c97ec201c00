"""Suffixes of keys that have a meaning in this field: such a name is a promise of what the file holds.

A kind writes what the suffix says, or refuses the name; a suffix that stands here for no format (`.mdl`, none at all)
leaves the choice to the kind.
"""

from __future__ import annotations

import posixpath

COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst", ".zip")

_MEANT = {
    "table": ".csv .tsv .tab .xlsx .xls .xlsm .xlsb .ods .parquet .pq .feather .arrow .ipc .orc .avro .dta .sav",
    "records": ".json .jsonl .ndjson .yaml .yml .toml .xml .msgpack .bson .proto .ini",
    "text": ".txt .md .html .htm .tex .rst .log .py .ipynb .docx .pptx",
    "picture": ".png .jpg .jpeg .svg .svgz .pdf .webp .tif .tiff .gif .bmp .eps .ps .avif .ico .heic",
    "sound": ".wav .mp3 .flac .ogg .m4a .mp4 .avi .mov .mkv .webm",
    "array": ".npy .npz .mat .h5 .hdf5 .hdf .nc .zarr .tfrecord .tfrecords .webdataset",
    "model": ".pt .pth .ckpt .bin .safetensors .onnx .pb .tflite .keras .gguf .skops .pkl .pickle .joblib .dill",
    "database": ".db .sqlite .sqlite3 .duckdb .lmdb",
    "archive": ".tar .tgz .7z .rar .lz4 " + " ".join(COMPRESSIONS),
}
MEANT = frozenset(suffix for suffixes in _MEANT.values() for suffix in suffixes.split())


def suffix_of(key: str) -> str:
    """Return a key's suffix in lower case, with that of what was compressed; empty where it has no meaning here.

    >>> [suffix_of(key) for key in ("a/train.CSV", "x.csv.gz", "v1.2", "model.mdl", "x.gz", ".csv")]
    ['.csv', '.csv.gz', '', '', '.gz', '.csv']
    """
    name = posixpath.basename(key).lower()
    rest, suffix = _split(name)
    if suffix not in MEANT:
        return ""
    inner = _split(rest)[1] if suffix in COMPRESSIONS else ""
    return (inner if inner in MEANT else "") + suffix


def _split(name: str) -> tuple[str, str]:
    # Unlike splitext, which takes ".csv" for a name.
    rest, point, last = name.rpartition(".")
    return rest, point + last
