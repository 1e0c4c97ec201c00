"""A new file of an entry, written once from its beginning to its end, whose SHA-256 is taken on the way."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Self

from jupyter_utils.machine.disk import start_writing

from .copying import remember

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    Bytes = bytes | bytearray | memoryview

# What is smaller is hashed at once: handing it to another thread would take longer.
_LARGE = 2**20
_PIECE = 8 * 2**20


# Told how many bytes were written, by whoever wants to show it.
_count: ContextVar[Callable[[int], object]] = ContextVar("count", default=lambda _: None)


@contextmanager
def counting(count: Callable[[int], object]) -> Iterator[None]:
    """Have `count` called with the bytes that this thread has just written, while the block runs."""
    token = _count.set(count)
    try:
        yield
    finally:
        _count.reset(token)


class DigestingFile:
    """A file that takes bytes in order; `digest` then knows its SHA-256 without reading it again.

    Large pieces are hashed by another thread while this one writes them, and the disk begins to write meanwhile, so
    that the whole takes as long as the slowest of the three.

    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder, DigestingFile(pathlib.Path(folder, "x")) as file:
    ...     file.write(b"abc")
    3
    >>> file.sha256[:8]
    'ba7816bf'
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb", buffering=0)
        self._small = bytearray()
        self._sha = hashlib.sha256()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sha256")
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if kind is None:
                self._flush()
                remember(self._file.fileno(), self.sha256)
        finally:
            self._thread.shutdown()
            self._file.close()

    @property
    def sha256(self) -> str:
        """The SHA-256 of what was written, in hex."""
        return self._sha.hexdigest()

    def write(self, data: Bytes) -> int:
        """Write all of `data`, which may change again as soon as this returns."""
        view = memoryview(data).cast("B")
        self.size += len(view)
        if len(view) < _LARGE:
            self._small += view
            if len(self._small) >= _LARGE:
                self._flush()
        else:
            self._flush()
            self._put(view)
        return len(view)

    def _flush(self) -> None:
        if self._small:
            self._put(memoryview(self._small))
            self._small = bytearray()

    def _put(self, view: memoryview) -> None:
        hashing = self._thread.submit(self._sha.update, view) if len(view) >= _LARGE else None
        try:
            for start in range(0, len(view), _PIECE):
                rest = view[start : start + _PIECE]
                while rest:
                    rest = rest[os.write(self._file.fileno(), rest) :]
                start_writing(self._file.fileno())
                _count.get()(len(view[start : start + _PIECE]))
        finally:
            if hashing:
                hashing.result()
            else:
                self._sha.update(view)
