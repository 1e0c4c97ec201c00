"""What is told of a file's content: its SHA-256, and of a very large one a digest of samples, which is called so."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLED_FROM = 10**9
"""Size in bytes from which on a file is sampled."""
_BLOCK = 2**20
_BLOCKS = 64

Identity = tuple[int, int, int, int]
"""Device, inode, size in bytes, time of the last change in nanoseconds: while these are the same, so is the content."""


class Digest(NamedTuple):
    """A digest in hex. `kind` is "sha256" or "sampled"."""

    kind: str
    value: str


def identity(found: os.stat_result) -> Identity:
    """Return what tells one content from another without reading it."""
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


class Digests:
    """The digests of files, each content read once.

    "sampled", from 1 GB on, is the SHA-256 of the size (8 bytes, little-endian) and of 64 blocks of 1 MiB: block
    number n begins at byte n * (size - 1 MiB) // 63, so that the first is the file's head and the last its tail.
    """

    def __init__(self) -> None:
        self._known: dict[Identity, Digest] = {}

    def known(self, of: Identity) -> Digest | None:
        """Return the digest of a content that was read before."""
        return self._known.get(of)

    def take(self, path: str, count: Callable[[int], object] = lambda _: None) -> tuple[Identity, Digest]:
        """Return what is there now, and its digest; `count` is told how many bytes were read.

        Raises:
            OSError: the file cannot be read, is none, or was changed meanwhile.
        """
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe must not be waited for
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(f"{path} is no regular file")
            before = identity(found)
            if before not in self._known:
                made = (
                    _sampled(descriptor, found.st_size, count)
                    if found.st_size >= SAMPLED_FROM
                    else _sha256(descriptor, count)
                )
                if identity(os.fstat(descriptor)) != before:
                    raise OSError(f"{path} was changed while it was read")
                self._known[before] = made
            return before, self._known[before]
        finally:
            os.close(descriptor)


def _sha256(descriptor: int, count: Callable[[int], object]) -> Digest:
    sha = hashlib.sha256()
    while piece := os.read(descriptor, 4 * _BLOCK):
        sha.update(piece)
        count(len(piece))
    return Digest("sha256", sha.hexdigest())


def _sampled(descriptor: int, size: int, count: Callable[[int], object]) -> Digest:
    sha = hashlib.sha256(size.to_bytes(8, "little"))
    for number in range(_BLOCKS):
        piece = os.pread(descriptor, _BLOCK, number * (size - _BLOCK) // (_BLOCKS - 1))
        sha.update(piece)
        count(len(piece))
    return Digest("sampled", sha.hexdigest())
