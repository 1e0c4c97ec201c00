"""Files and links that are whole or not there: made beside their place under another name, then given their own.

Each writer has a name to itself, so that several may write the same file at once: the last one stays, whole.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from typing import TYPE_CHECKING

from .disk import to_disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NEW_FILE = 0o666
"""What the system's umask takes its part from."""
_HOUR = 3600.0


def write_whole(
    path: Path, text: str, *, mode: int | None = None, durable: bool = False, errors: str = "strict"
) -> None:
    """Write a file in UTF-8, whole or not at all; what was there before stays until then.

    Args:
        path: the file; its folder is there.
        text: all of its content.
        mode: its permissions, which hold from the first moment; None gives it those of any new file.
        durable: whether it must survive a power cut as soon as this returns.
        errors: what to do about text that is not UTF-8, as `str.encode` has it.

    Raises:
        OSError: it cannot be written, for example because the disk is full. Nothing is left of it.
        UnicodeEncodeError: the text is not UTF-8, and `errors` does not help.
    """
    with _beside(path) as part:
        descriptor = os.open(
            part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _NEW_FILE if mode is None else mode
        )
        with os.fdopen(descriptor, "w", encoding="utf-8", errors=errors) as file:
            # What the umask has taken; no more, since some file systems know no modes and refuse to be told.
            if mode is not None and mode & ~os.fstat(descriptor).st_mode:
                os.fchmod(descriptor, mode)
            file.write(text)
            if durable:
                file.flush()
                os.fsync(descriptor)
        part.replace(path)
    if durable:
        to_disk([], [path.parent])


def link_whole(path: Path, target: str | Path) -> None:
    """Make a symbolic link, in the place of the one or the file that is there.

    Args:
        path: the link.
        target: what it points to; a relative one counts from the link's folder.

    Raises:
        OSError: it cannot be made. What was there stays.
    """
    with _beside(path) as part:
        part.symlink_to(target)
        part.replace(path)


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Name a place beside `path` for the block, of which nothing is left when that fails."""
    _remove_leftovers(path)
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        yield part
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _remove_leftovers(path: Path) -> None:
    """Remove what killed writers of this file left; whoever writes now has not been at it for an hour."""
    made = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{16}}\.part")
    with contextlib.suppress(OSError):
        for other in path.parent.iterdir():
            if made.fullmatch(other.name) and other.lstat().st_mtime < time.time() - _HOUR:
                other.unlink()
