"""Which files of a folder this user has allowed to decide something: a folder may have come from anybody.

A file is allowed at its place and with its content, by a line in the user's own state folder: what has changed, or lies
elsewhere, is to be allowed again.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import platformdirs

from .app import APP
from .files import make_private_dir, state_dir
from .writing import write_whole

if TYPE_CHECKING:
    from pathlib import Path

_FOLDER = "allowed"


def allow(path: Path, content: bytes) -> None:
    """Let what lies at `path`, with this content, decide from here on.

    Raises:
        DirectoryError: the state folder cannot be written to.
    """
    folder = make_private_dir(state_dir() / _FOLDER, "XDG_STATE_HOME")
    write_whole(folder / _name(path), f"{_digest(content)}  {path.resolve()}\n", mode=0o600)


def is_allowed(path: Path, content: bytes) -> bool:
    """Return whether this user has allowed what lies at `path`, with this content."""
    # Without making the folder: whoever only asks may stand on a disk that is read-only.
    record = platformdirs.user_state_path(APP) / _FOLDER / _name(path)
    try:
        words = record.read_text(encoding="utf-8").split()
        return record.stat().st_uid == os.geteuid() and words[:1] == [_digest(content)]
    except (OSError, UnicodeDecodeError):
        return False


def _name(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
