"""The store is its user's own: no other account of the machine reads it, but for a group that a setting names."""

from __future__ import annotations

import contextlib
import grp
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.entries.identity import SUFFIX
from jupyter_utils.errors import DirectoryError, SettingsError
from jupyter_utils.settings import DATABASE

from .locations import local_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_utils.settings import Settings

SETTING = "MLFLOW_STORE_GROUP"
# What a store consists of; a folder that holds other things too is somebody's folder with a store in it.
_PARTS = re.compile(
    rf"{re.escape(DATABASE)}.*|artifacts.*|auth.*|mlruns|models|[0-9]+|\.trash|\.jupyter-utils.*|\.mlflow.*|lost\+found"
)


def umask(group: str | None) -> int:
    """Return the umask of processes that write to the store."""
    return 0o027 if group else 0o077


def keep_private(settings: Settings) -> str | None:
    """Make the store private to its user, or to the group as well; say so where others could read it before.

    Raises:
        SettingsError: MLFLOW_STORE_GROUP names no group.
        DirectoryError: the store cannot be given to that group.
    """
    group = settings.mlflow_store_group
    number = _number(group) if group else None
    mended = [path for path in _places(settings) if _mend(path, number)]
    if not mended:
        return None
    shown = ", ".join(map(str, mended))
    who = f"its user and the group {group}" if group else f"its user ({SETTING} names a group that may read it)"
    return f"Other accounts of this machine could read {shown}; from now on only {who}."


def _number(group: str) -> int:
    if group.isdecimal():
        return int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise SettingsError(f"{SETTING}={group} names no group of this machine: correct or unset it.") from None


def _places(settings: Settings) -> Iterator[Path]:
    """Name what must be private; what lies deeper is out of reach then."""
    folder = settings.store_dir
    if folder.is_dir():
        names = sorted(path.name for path in folder.iterdir())
        if all(_PARTS.fullmatch(name) for name in names):
            yield folder
        yield from (folder / name for name in names if _PARTS.fullmatch(name))
    destination = local_folder(settings.artifacts_destination)
    if destination and Path(destination).is_dir() and not Path(destination).is_relative_to(folder):
        yield Path(destination)


def _mend(path: Path, group: int | None) -> bool:
    """Return whether others could read it, and can no more."""
    with contextlib.suppress(FileNotFoundError):
        found = path.lstat()
        mode = stat.S_IMODE(found.st_mode)
        # A link leads elsewhere, /tmp is everybody's, and what is another account's is not ours to change.
        is_ours = found.st_uid == os.geteuid() and not mode & stat.S_ISVTX
        if not is_ours or not (stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode)):
            return False
        # The users' passwords are nobody else's, and who has the key can pass for the store.
        is_secret = path.name.startswith("auth") or SUFFIX in path.name
        wanted = _mode(found.st_mode, shared=group is not None and not is_secret)
        if group is not None and found.st_gid != group:
            _give(path, group)
        if mode != wanted:
            path.chmod(wanted)
        return bool(mode & ~wanted & (stat.S_IRWXG | stat.S_IRWXO))
    return False


def _mode(kind: int, *, shared: bool) -> int:
    if stat.S_ISDIR(kind):
        return 0o2750 if shared else 0o700
    return 0o640 if shared else 0o600


def _give(path: Path, group: int) -> None:
    try:
        os.chown(path, -1, group)
    except OSError as error:
        raise DirectoryError(
            f"{path} cannot be given to the group of {SETTING} ({error.strerror}): name a group that you are in, "
            "or unset it."
        ) from None
