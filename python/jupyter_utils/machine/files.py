"""The launchers' own files, secrets that only their owner may read, and folders that must be writable."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
from typing import TYPE_CHECKING

import platformdirs

from jupyter_utils.errors import DirectoryError, SettingsError

from .app import APP
from .sizes import size
from .writing import write_whole

if TYPE_CHECKING:
    from pathlib import Path


def state_dir() -> Path:
    """Return the user's folder for tokens, logs and what is running (XDG_STATE_HOME; `~/.local/state` by default).

    Raises:
        DirectoryError: it cannot be made or written to.
    """
    return make_private_dir(platformdirs.user_state_path(APP), "XDG_STATE_HOME")


def make_private_dir(path: Path, setting: str) -> Path:
    """Make a folder that only its owner can look into."""
    writable_dir(path, setting)
    with contextlib.suppress(OSError):
        path.chmod(0o700)
    return path


def writable_dir(path: Path, setting: str) -> Path:
    """Make `path` where it is missing.

    Args:
        path: the directory.
        setting: the environment variable that changes it.

    Raises:
        DirectoryError: it cannot be made, is no directory, or cannot be written to.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise DirectoryError(
            f"{setting}={path} cannot be used ({error.strerror or error}). It must be a directory that you can write "
            f"to: correct its owner (chown) or set {setting} to another directory."
        ) from None
    return path


def existing_part(path: Path) -> Path:
    """Return the deepest part of `path` that exists."""
    return next(place for place in (path, *path.parents) if place.exists())


def little_space(path: Path, setting: str, needed: int) -> str | None:
    """Say so, and how to get out of it, if fewer than `needed` bytes are free where `path` is or will be."""
    disk = shutil.disk_usage(existing_part(path))
    if disk.free >= needed or disk.total == 0:  # a file system that does not tell
        return None
    return (
        f"{setting}={path} lies on a disk with {size(disk.free)} free; {size(needed)} are needed. Make room there, or "
        f"set {setting} to a directory on another disk."
    )


def kept_secret(path: Path, length: int = 24) -> str:
    """Return the secret in `path`; made at random, `length` bytes in hexadecimal, the first time.

    Raises:
        DirectoryError: the file cannot be read or written.
    """
    try:
        with contextlib.suppress(FileNotFoundError):
            if found := path.read_text(encoding="utf-8").strip():
                path.chmod(0o600)
                return found
        secret = secrets.token_hex(length)
        # Durable: a database may be about to keep what this secret opens.
        write_whole(path, secret + "\n", mode=0o600, durable=True)
    except (OSError, UnicodeDecodeError) as error:
        raise DirectoryError(f"The secret in {path} cannot be read or kept ({error}): correct or remove it.") from None
    return secret


def read_secret(setting: str, path: Path) -> str:
    """Return the secret in a file that a setting names.

    Raises:
        SettingsError: it is missing, unreadable or empty.
    """
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{setting}={path} cannot be read ({error}): name a readable file, or unset it.") from None
    if not secret:
        raise SettingsError(f"{setting}={path} is empty: write the secret into it, or unset {setting}.")
    return secret
