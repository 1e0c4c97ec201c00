"""The store is its user's own: no other account of the machine reads it, but for a group that a setting names."""

from __future__ import annotations

import contextlib
import grp
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_utils.entries.identity import SUFFIX
from jupyter_utils.errors import DirectoryError, SettingsError
from jupyter_utils.machine.urls import local_folder
from jupyter_utils.settings import DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jupyter_utils.settings import Settings

SETTING = "MLFLOW_STORE_GROUP"
# What a store consists of; a folder that holds other things too is somebody's folder with a store in it.
_PARTS = re.compile(
    rf"{re.escape(DATABASE)}.*|artifacts.*|auth.*|mlruns|models|[0-9]+|\.trash|\.jupyter-utils.*|\.mlflow.*|lost\+found"
)

# What lies beside it where it is the home of the server's own user, as that of a service is.
_HOME = re.compile(r"\.local|\.cache|\.config")
_BACKUP = "mlflow-"
_BACKUPS = re.compile(rf"{_BACKUP}.*|\.partial-.*|latest|\.latest\..*|\.lock|lost\+found")
_LISTABLE = stat.S_IRGRP | stat.S_IXGRP


def umask(group: str | None) -> int:
    """Return the umask of processes that write to the store."""
    return 0o027 if group else 0o077


@contextlib.contextmanager
def writing_privately(settings: Settings) -> Iterator[None]:
    """Let what the block writes, itself or by other programs, be private, whatever the caller's umask is."""
    before = os.umask(umask(settings.mlflow_store_group))
    try:
        yield
    finally:
        os.umask(before)


def tell_kept_private(settings: Settings) -> None:
    """Make the store private, and say so where it was not."""
    if said := keep_private(settings):
        click.echo(said, err=True)


def close_copies(folder: Path, settings: Settings, *, secret: bool = False) -> None:
    """Make a file, or a folder with all that is in it, private: copies bring the rights of older ones along.

    Args:
        folder: what was copied.
        settings: which group may read it.
        secret: whether that group may not either.

    Raises:
        DirectoryError: it cannot be given to that group.
    """
    group = None if secret else _group(settings)
    for root, folders, files in os.walk(folder):
        for path in (Path(root), *(Path(root, name) for name in (*folders, *files))):
            _mend(path, group)
    _mend(folder, group)


def keep_backups_private(settings: Settings, target: Path) -> str | None:
    """Make the backups in a folder private, and the folder where it holds nothing else; say so where they were open."""
    names = sorted(path.name for path in target.iterdir())
    places = [target] if all(_BACKUPS.fullmatch(name) for name in names) else []
    places += [target / name for name in names if name.startswith(_BACKUP)]
    return _mend_all(places, settings)


def keep_private(settings: Settings) -> str | None:
    """Make the store private to its user, or to the group as well; say so where others could read it before.

    Raises:
        SettingsError: MLFLOW_STORE_GROUP names no group.
        DirectoryError: the store cannot be given to that group.
    """
    group = _group(settings)
    if group is not None and settings.store_dir.is_dir() and not _lets_in(settings.store_dir, group):
        _let_in(settings, group)
    return _mend_all(_places(settings), settings)


def _lets_in(folder: Path, group: int) -> bool:
    found = folder.stat()
    return found.st_gid == group and found.st_mode & _LISTABLE == _LISTABLE


def _let_in(settings: Settings, group: int) -> None:
    """Let a group read what was written before there was one; the store's own folder comes last, so once is enough."""
    artifacts = local_folder(settings.artifacts_destination)
    for root, folders, files in os.walk(artifacts) if artifacts else []:
        for path in (Path(root), *(Path(root, name) for name in (*folders, *files))):
            _mend(path, group)


def _mend_all(places: Iterable[Path], settings: Settings) -> str | None:
    group, number = settings.mlflow_store_group, _group(settings)
    # The users' passwords are nobody else's.
    mended = [path for path in places if _mend(path, None if path.name.startswith("auth") else number)]
    if not mended:
        return None
    shown = ", ".join(map(str, mended))
    who = f"its user and the group {group}" if group else f"its user ({SETTING} names a group that may read it)"
    return f"Other accounts of this machine could read {shown}; from now on only {who}."


def _group(settings: Settings) -> int | None:
    group = settings.mlflow_store_group
    if not group:
        return None
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
        if all(_PARTS.fullmatch(name) or _HOME.fullmatch(name) for name in names):
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
        open_to = mode & ~wanted & (stat.S_IRWXG | stat.S_IRWXO)
        return (mode == wanted or _change(path, wanted)) and bool(open_to)
    return False


def _mode(kind: int, *, shared: bool) -> int:
    if stat.S_ISDIR(kind):
        return 0o2750 if shared else 0o700
    runs = kind & stat.S_IXUSR and (0o110 if shared else 0o100)
    return (0o640 if shared else 0o600) | runs


def _change(path: Path, mode: int) -> bool:
    """Change a mode; return whether that is possible: some disks keep none."""
    # A unit may not set the group's bit (RestrictSUIDSGID=); what its processes make has their own group anyway.
    for wanted in dict.fromkeys((mode, mode & ~stat.S_ISGID)):
        with contextlib.suppress(PermissionError):
            path.chmod(wanted)
            return True
    return False


def _give(path: Path, group: int) -> None:
    try:
        os.chown(path, -1, group)
    except OSError as error:
        raise DirectoryError(
            f"{path} cannot be given to the group of {SETTING} ({error.strerror}): name a group that you are in, "
            "or unset it."
        ) from None
