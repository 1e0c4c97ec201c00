"""Copying files into an entry: the bytes once, the digest on the way, and never a hard link.

A hard link would share the file with its owner, who may go on writing to it. A reflink (btrfs, XFS) shares the blocks
until one side writes, so it is a copy that costs nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import io

_FICLONE = 0x40049409  # linux/fs.h
# Below, starting a thread costs more than hashing and copying one after the other.
_LARGE = 16 * 2**20
_PIECE = 4 * 2**20
_THREADS = 4

# What was measured while it was written, until `digest` asks for it: (device, inode, size, mtime in ns) -> SHA-256.
_measured: dict[tuple[int, int, int, int], str] = {}


def copy_tree(source: Path, target: Path) -> None:
    """Copy a directory; links become what they point to, and files are copied by several threads.

    Modes are not copied: into a folder that is protected no file could be written, and none be removed from it.
    """
    pairs: list[tuple[Path, Path]] = []
    for folder, _, names in os.walk(source, followlinks=True, onerror=_raise):
        inner = target / Path(folder).relative_to(source)
        inner.mkdir(parents=True)
        pairs += [(Path(folder, name), inner / name) for name in names]
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(lambda pair: copy_file(*pair), pairs):
            pass


def _raise(error: OSError) -> None:
    raise error


def copy_file(source: Path, target: Path) -> None:
    """Copy a file's content; its SHA-256 is then known to `digest` without reading it again.

    What is hashed is the copy: the source may change meanwhile.
    """
    with source.open("rb", buffering=0) as reader, target.open("w+b", buffering=0) as writer:
        if _reflink(reader.fileno(), writer.fileno()):
            return
        size = os.fstat(reader.fileno()).st_size
        value = _copy_large(reader.fileno(), writer.fileno()) if size > _LARGE else _copy_small(reader, writer)
        remember(writer.fileno(), value)


def _reflink(source: int, target: int) -> bool:
    with contextlib.suppress(OSError):
        fcntl.ioctl(target, _FICLONE, source)
        return True
    return False


def _copy_small(reader: io.FileIO, writer: io.FileIO) -> str:
    sha = hashlib.sha256()
    while piece := reader.read(_PIECE):
        sha.update(piece)
        rest = memoryview(piece)
        while rest:
            rest = rest[writer.write(rest) :]
    return sha.hexdigest()


def _copy_large(source: int, target: int) -> str:
    """Let the kernel copy, while another thread hashes what has been copied."""
    copied = _Growing()
    with ThreadPoolExecutor(1) as pool:
        hashing = pool.submit(_hash_growing, target, copied)
        try:
            offset = 0
            while count := os.sendfile(target, source, offset, _PIECE):
                offset += count
                copied.grow(offset)
        finally:
            copied.end()
        return hashing.result()


class _Growing:
    """How much of a file is there, and whether that is all."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._size = 0
        self._ended = False

    def grow(self, size: int) -> None:
        with self._condition:
            self._size = size
            self._condition.notify()

    def end(self) -> None:
        with self._condition:
            self._ended = True
            self._condition.notify()

    def wait(self, seen: int) -> int:
        """Wait until more than `seen` bytes are there, and give how many; `seen` itself at the end."""
        with self._condition:
            self._condition.wait_for(lambda: self._size > seen or self._ended)
            return self._size


def _hash_growing(file: int, copied: _Growing) -> str:
    sha = hashlib.sha256()
    done = 0
    buffer = bytearray(_PIECE)
    while (there := copied.wait(done)) > done:
        while done < there:
            count = os.preadv(file, [memoryview(buffer)[: there - done]], done)
            if count == 0:
                raise OSError("the copy became shorter while it was written")
            sha.update(memoryview(buffer)[:count])
            done += count
    return sha.hexdigest()


def remember(descriptor: int, value: str) -> None:
    """Keep the SHA-256 of an open file that is whole, for `digest`."""
    _measured[_identity(os.fstat(descriptor))] = value


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's content in hex; the one measured while it was written, if it is unchanged."""
    known = _measured.pop(_identity(path.stat()), None)
    if known is not None:
        return known
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _identity(stat: os.stat_result) -> tuple[int, int, int, int]:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
