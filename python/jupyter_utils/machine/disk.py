"""Bringing files to the disk, so that a power cut loses none of them."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# More files than this are brought to the disk by one syncfs(2) of their file system instead of an fsync(2) each.
_FEW = 32
_libc = ctypes.CDLL(None, use_errno=True)
_SYNC_FILE_RANGE_WRITE = 2  # linux/fs.h


def to_disk(files: Iterable[Path], folders: Iterable[Path]) -> None:
    """Have the kernel write files and the names in folders to the disk.

    Args:
        files: those whose content must survive.
        folders: those whose names must.

    Raises:
        OSError: the disk says that it could not.
    """
    files, folders = list(files), list(folders)
    if len(files) + len(folders) > _FEW:
        _sync_file_system(folders[0] if folders else files[0])
        return
    for path in (*files, *folders):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sync_file_system(place: Path) -> None:
    """Write all of a file system to the disk (syncfs(2)): the way for many small files."""
    descriptor = os.open(place, os.O_RDONLY)
    try:
        if _libc.syncfs(descriptor) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(place))
    finally:
        os.close(descriptor)


def start_writing(descriptor: int) -> None:
    """Have the disk begin with what was written to a file (sync_file_range(2)), which otherwise waits for its fsync.

    A hint: where the system does not know it, nothing happens.
    """
    if hasattr(_libc, "sync_file_range"):
        _libc.sync_file_range(descriptor, ctypes.c_int64(0), ctypes.c_int64(0), _SYNC_FILE_RANGE_WRITE)
