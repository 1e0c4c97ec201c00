"""The locks of entries: whoever writes or sends an entry holds its lock, and a process that ends leaves none behind."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.errors import SpoolError

if TYPE_CHECKING:
    import filelock

_LOCKS = Path("/proc/locks")


def make_lock(path: Path) -> filelock.BaseFileLock:
    """Return the lock of a file, not taken yet."""
    import filelock

    return filelock.FileLock(path, thread_local=False)


def take(lock: filelock.BaseFileLock) -> bool:
    """Take a lock; False where another process holds it.

    Raises:
        SpoolError: nobody can tell: its file cannot be opened or locked.
    """
    import filelock

    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return False
    except OSError as error:
        raise SpoolError(
            f"The lock {lock.lock_file} cannot be had ({error}), so nobody knows whether another process sends the "
            "run: correct its owner (that of the spool), or make the disk writable. The run is kept."
        ) from error
    return True


def holder(path: Path) -> int | None:
    """Return the ID of the process of this machine that holds a lock; None where that cannot be told, or none does.

    Taking the lock to see whether it is free could make another sender believe that it is not. (Linux alone tells.)
    """
    try:
        found = path.stat()
        lines = [line.split() for line in _LOCKS.read_text(encoding="ascii").splitlines()]
    except (OSError, UnicodeDecodeError):
        return None
    device = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}"
    # NUMBER: FLOCK ADVISORY WRITE PROCESS MAJOR:MINOR:INODE START END, see proc_locks(5)
    for parts in lines:
        if parts[1:2] != ["FLOCK"] or not parts[5].endswith(f":{found.st_ino}"):
            continue
        # Some file systems (btrfs, overlay) tell programs another device than the kernel's.
        if int(parts[4]) > 0 and (parts[5].startswith(device) or _has_open(int(parts[4]), path)):
            return int(parts[4])
    return None


def _has_open(process: int, path: Path) -> bool:
    try:
        return any(link.readlink() == path.resolve() for link in Path(f"/proc/{process}/fd").iterdir())
    except OSError:
        return False
