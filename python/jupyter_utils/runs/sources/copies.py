"""Copies of a run's files that belong to whoever asked: they may be edited, and no other load sees it.

    CACHE/copies/PROCESS/NUMBER/dataset/...

They stay while the process lives that asked for them, and for a day after.
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import shutil
import time
from typing import TYPE_CHECKING

from jupyter_utils.entries.copying import copy_file, digest
from jupyter_utils.errors import DAMAGED, LoadError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import filelock

    from jupyter_utils.entries.entry import EntryFile

_DAY = 24 * 3600.0
_LOCK = ".lock"


def own_copy(cache: Path, source: Path, files: Sequence[EntryFile]) -> Path:
    """Copy files (by reflink, where the disk can) to a new folder, under the same names; returns that folder.

    Raises:
        LoadError: one is gone, or is not what it should be.
    """
    folder = _folder(cache / "copies", os.getpid()) / secrets.token_hex(4)
    folder.mkdir()
    try:
        for file in files:
            target = folder / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_file(source / file.path, target)
            _check(target, file, source)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def _check(copy: Path, file: EntryFile, source: Path) -> None:
    if digest(copy) != file.sha256:
        raise LoadError(f"{source / file.path} is damaged (its SHA-256 is another one): {DAMAGED}.")


@functools.cache
def _folder(copies: Path, process: int) -> Path:
    """Return the folder of this process, which its lock keeps; removes those of processes that are gone."""
    import filelock

    copies.mkdir(parents=True, exist_ok=True, mode=0o700)
    _remove_old(copies)
    folder = copies / f"{process}-{secrets.token_hex(8)}"
    folder.mkdir()
    lock = filelock.FileLock(folder / _LOCK, thread_local=False)
    lock.acquire()
    _held.append(lock)
    return folder


_held: list[filelock.BaseFileLock] = []


def _remove_old(copies: Path) -> None:
    import filelock

    for folder in copies.iterdir():
        with contextlib.suppress(OSError, filelock.Timeout):
            if folder.stat().st_mtime < time.time() - _DAY:
                with filelock.FileLock(folder / _LOCK, timeout=0):
                    shutil.rmtree(folder, ignore_errors=True)
