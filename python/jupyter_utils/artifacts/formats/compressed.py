"""One format inside of another: `.csv.gz` and its like. Equal values give equal bytes, so no time is written in."""

from __future__ import annotations

import bz2
import functools
import gzip
import importlib
import lzma
import shutil
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any

from jupyter_utils.artifacts.suffixes import COMPRESSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jupyter_utils.artifacts.registry import Details, Format, Written

_PIECE = 2**20


def compressed(form: Format) -> dict[str, Format]:
    """Return the compressed variants of a format, by the suffix of the compression."""
    return {suffix: _variant(form, suffix) for suffix in COMPRESSIONS}


def _variant(form: Format, suffix: str) -> Format:
    def write(value: Any, path: Path) -> Written:
        # In a folder of its own: what is beside the file may be another key's.
        with TemporaryDirectory(dir=path.parent, prefix=".") as folder:
            plain = Path(folder, _inner_name(path.name))
            written = form.write(value, plain)
            with plain.open("rb") as source, _writing(path, suffix, plain.name) as target:
                shutil.copyfileobj(source, target, _PIECE)
        return written

    def read(path: Path, details: Details) -> Any:
        assert form.read is not None  # noqa: S101 - every built-in format has one
        with TemporaryDirectory() as folder:
            plain = Path(folder, _inner_name(path.name))
            with plain.open("wb") as target, _reading(path, suffix) as source:
                shutil.copyfileobj(source, target, _PIECE)
            return form.read(plain, details)

    return replace(form, name=form.name + suffix, write=write, read=read)


def _inner_name(name: str) -> str:
    return name.rpartition(".")[0]


@contextmanager
def _writing(path: Path, suffix: str, name: str) -> Iterator[Any]:
    with path.open("wb") as file, _compressor(file, suffix, name) as target:
        yield target


@contextmanager
def _compressor(file: Any, suffix: str, name: str) -> Iterator[Any]:
    if suffix != ".zip":
        with _COMPRESSORS[suffix](file) as target:
            yield target
        return
    member = zipfile.ZipInfo(name)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    with zipfile.ZipFile(file, "w") as archive, archive.open(member, "w", force_zip64=True) as target:
        yield target


@contextmanager
def _reading(path: Path, suffix: str) -> Iterator[IO[bytes]]:
    with path.open("rb") as file:
        if suffix != ".zip":
            with _DECOMPRESSORS[suffix](file) as source:
                yield source
            return
        with zipfile.ZipFile(file) as archive, archive.open(archive.namelist()[0]) as source:
            yield source


def _zstd(kind: str) -> Callable[[Any], Any]:
    return lambda file: getattr(importlib.import_module("pyarrow"), kind)(file, "zstd")


_COMPRESSORS: dict[str, Callable[[Any], Any]] = {
    ".gz": lambda file: gzip.GzipFile("", "wb", 6, file, mtime=0),
    ".bz2": functools.partial(bz2.BZ2File, mode="wb"),
    ".xz": functools.partial(lzma.LZMAFile, mode="wb"),
    ".zst": _zstd("CompressedOutputStream"),
}
_DECOMPRESSORS: dict[str, Callable[[Any], Any]] = {
    ".gz": lambda file: gzip.GzipFile(fileobj=file),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
    ".zst": _zstd("CompressedInputStream"),
}
