"""Work folders that nobody removed: those of executions that were killed, which the next one clears away after a week.

An execution holds its folder by a lock, which goes with the process, however that ends. What `--keep` kept stays.
"""

from __future__ import annotations

import fcntl
import shutil
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING

import platformdirs

from jupyter_utils.machine.app import APP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOCK, _KEPT = ".held", ".kept"
DAYS = 7


def place() -> Path:
    """Return the folder in which all work folders of this user are made."""
    return platformdirs.user_cache_path(APP) / "reproductions"


def hold(folder: Path) -> IO[bytes]:
    """Hold a folder as long as what is returned is open.

    Raises:
        OSError: the disk does not take it, or another process holds it.
    """
    file = (folder / _LOCK).open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file


def keep(folder: Path) -> None:
    """Let a folder stay until its user removes it."""
    (folder / _KEPT).touch()


def remove_leftovers(days: float = DAYS) -> list[Path]:
    """Remove folders that were left more than so many days ago, that nobody holds or wanted to keep; return them."""
    before = time.time() - days * 24 * 3600
    old = [folder for folder in _folders() if _since(folder) < before and not (folder / _KEPT).exists()]
    return [folder for folder in old if _removed(folder)]


def _folders() -> Iterator[Path]:
    with suppress(OSError):
        yield from sorted(one for one in place().iterdir() if one.is_dir() and not one.is_symlink())


def _since(folder: Path) -> float:
    """Return the time of the latest change at the top of a folder: what an execution writes lies below."""
    times = [time.time()]
    with suppress(OSError):
        times = [one.lstat().st_mtime for one in (folder, *folder.iterdir())]
    return max(times)


def _removed(folder: Path) -> bool:
    try:
        with hold(folder):
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return False
    return not folder.exists()
