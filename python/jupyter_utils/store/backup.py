"""Backups of MLflow's data, taken while the server runs, and put back while it does not.

    TARGET/mlflow-20260131T031500Z/     one backup: mlflow.db, its identity, artifacts/, auth/, backup.json
    TARGET/latest                       a link to the newest

The database comes first, through SQLite's online backup, and the artifacts after it: whatever a run in that database
holds was written before, so nothing that a client was told is stored is missing. An artifact that has not changed since
the backup before it is the same file on disk (a hard link), so that a further backup takes the room of what is new.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_utils.errors import BackupError
from jupyter_utils.machine.files import existing_part, writable_dir
from jupyter_utils.machine.sizes import size
from jupyter_utils.machine.urls import mask, sqlite_file
from jupyter_utils.machine.writing import link_whole
from jupyter_utils.settings import DATABASE

from . import identity, lock, sqlite
from .layout import USERS
from .privacy import close_copies, keep_backups_private, tell_kept_private, writing_privately
from .swap import interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_utils.settings import Settings

PREFIX = "mlflow-"
LATEST = "latest"
RECORD = "backup.json"
_PARTIAL = ".partial-"
_LOCK = ".lock"
_AUTH = "auth"
_PAUSE, _TRIES = 0.05, 100
"""Seconds between two looks at the clock, and how many looks."""
MARGIN = 16 * 2**20
"""Bytes that must be free beside those of the copies."""


@dataclass(frozen=True)
class Backup:
    """One backup.

    Attributes:
        path: its folder.
        runs: runs in its database.
        files: artifact files.
        copied: bytes that were written for it; the rest is shared with the backup before.
        elsewhere: where the artifacts are if they are not on this machine, and so not in the backup.
    """

    path: Path
    runs: int
    files: int
    copied: int
    elsewhere: str | None = None


def back_up(settings: Settings, target: Path, keep: int | None = None) -> Backup:
    """Back MLflow's data up into a new folder in `target`; the server may run.

    Args:
        settings: where the data is.
        target: folder of all backups; made if it is missing.
        keep: number of newest backups to keep, this one included; None keeps all.

    Raises:
        BackupError: there is no SQLite database, or no room. What was begun is removed.
        DirectoryError: `target` cannot be written to.
        StoreBusyError: a restore, or another command, has the store alone.
    """
    database = database_file(settings)
    if interrupted(database):
        raise BackupError(
            f"A restore was interrupted in {database.parent}: start the server, which completes it, or restore again."
        )
    if not database.exists():
        raise BackupError(
            f"There is no database {database}: MLflow was never started on it. MLFLOW_STORE_DIR names it."
        )
    with writing_privately(settings):
        writable_dir(target, "the backups' directory")
        with lock.using(database):
            tell_kept_private(settings)
            return _back_up(settings, target, keep)


def _back_up(settings: Settings, target: Path, keep: int | None) -> Backup:
    import filelock

    try:
        # One at a time: two would take each other's half-made one for a leftover.
        with filelock.FileLock(target / _LOCK, timeout=0, mode=0o600):
            if said := keep_backups_private(settings, target):
                click.echo(said, err=True)
            return _make(settings, target, keep)
    except filelock.Timeout:
        raise BackupError(f"Another backup is being made in {target}: wait for its end.") from None


def _make(settings: Settings, target: Path, keep: int | None) -> Backup:
    previous = backups(target)
    path = _free_name(target)
    partial = target / f"{_PARTIAL}{path.name}"
    number = max((_number(one) for one in previous), default=0) + 1
    try:
        for left in target.glob(f"{_PARTIAL}*"):
            shutil.rmtree(left)
        partial.mkdir(mode=0o700)
        close_copies(partial, settings)
        result = _fill(settings, partial, path, previous[-1] if previous else None, number)
        for part in partial.iterdir():
            close_copies(part, settings, secret=part.name == _AUTH)
        os.sync()
        _verify(partial, result)
        partial.rename(path)
    except (OSError, sqlite.Error, BackupError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, BackupError):
            raise
        raise BackupError(
            f"The backup {path} could not be made ({error}); earlier ones are as they were. "
            f"{size(shutil.disk_usage(target).free)} are free there."
        ) from error
    link_whole(target / LATEST, path.name)
    for old in previous[: -(keep - 1) or None] if keep else ():
        # Under another name first: what is half removed must not be taken for a backup.
        shutil.rmtree(old.rename(target / f"{_PARTIAL}{old.name}"))
    return result


def _free_name(target: Path) -> Path:
    """Name a new backup by the second in which it is made; where that one has a backup, wait for the next."""
    for _ in range(_TRIES):
        path = target / (PREFIX + time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
        if not path.exists():
            return path
        time.sleep(_PAUSE)
    raise BackupError(f"{path} is there already, and the clock stands still: set this machine's clock.")


def _verify(path: Path, made: Backup) -> None:
    """Look at a backup as a restore would, before it counts and before any other goes.

    Raises:
        BackupError: it is not what was to be written.
    """
    database = path / DATABASE
    found = 0 if not database.is_file() or sqlite.damage(database) else sqlite.count_runs(database)
    files = sum(1 for _ in _files(path / "artifacts"))
    if not database.is_file() or found != made.runs or files != made.files:
        raise BackupError(
            f"The backup {made.path} did not arrive as it was written ({found} of {made.runs} runs, {files} of "
            f"{made.files} files): look at the disk. It was removed; earlier ones are as they were."
        )


def backups(target: Path) -> list[Path]:
    """List the complete backups in `target`, in the order in which they were made, whatever the clock said then."""
    found = [path for path in target.glob(f"{PREFIX}*") if (path / RECORD).is_file()]
    return sorted(found, key=lambda path: (_number(path), path.name))


def _number(path: Path) -> int:
    """Return which backup of its folder it is; 0 of those that were made before they were counted."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        return int(json.loads((path / RECORD).read_text(encoding="utf-8"))["number"])
    return 0


def database_file(settings: Settings) -> Path:
    """Return the SQLite file that holds the runs.

    Raises:
        BackupError: they are in another kind of database.
    """
    uri = settings.backend_store_uri
    file = sqlite_file(uri)
    if file is None:
        raise BackupError(
            f"MLFLOW_BACKEND_STORE_URI={mask(uri)} is no SQLite file: back that database up with its own tool "
            "(pg_dump for PostgreSQL)."
        )
    return file


def _fill(settings: Settings, partial: Path, path: Path, previous: Path | None, number: int) -> Backup:
    database = database_file(settings)
    copied = _copy_database(database, partial / DATABASE)
    identity.copy_file(database, partial / DATABASE)
    runs = sqlite.count_runs(partial / DATABASE)
    files, elsewhere = 0, None
    if "://" in settings.artifacts_destination:
        elsewhere = mask(settings.artifacts_destination)
    else:
        before = previous / "artifacts" if previous else None
        files, size = _copy_artifacts(Path(settings.artifacts_destination), partial / "artifacts", before)
        copied += size
    copied += _copy_users(settings.store_dir / _AUTH, partial / _AUTH)
    result = Backup(path, runs, files, copied, elsewhere)
    record = partial / RECORD
    record.write_text(
        json.dumps({**asdict(result), "path": path.name, "number": number}, indent=1) + "\n", encoding="utf-8"
    )
    return result


def _copy_database(source: Path, target: Path) -> int:
    """Copy a database that may be in use, and return the copy's size in bytes."""
    _check_room(target.parent, source.stat().st_size)
    sqlite.copy(source, target)
    if said := sqlite.damage(target):
        raise BackupError(f"The database {source} is damaged: {said}. Restore it from an earlier backup.")
    return target.stat().st_size


def _copy_artifacts(source: Path, target: Path, previous: Path | None) -> tuple[int, int]:
    target.mkdir(mode=0o700)
    files = copied = 0
    for path in _files(source):
        relative = path.relative_to(source)
        (target / relative).parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # deleted meanwhile, as every file of a run may be
            status = path.stat()
            if not (previous and _share(previous / relative, status, target / relative)):
                _check_room(target, status.st_size)
                shutil.copy2(path, target / relative)
                copied += status.st_size
            files += 1
    return files, copied


def _files(folder: Path) -> Iterator[Path]:
    for root, _, names in os.walk(folder):
        yield from (Path(root, name) for name in names)


def _share(earlier: Path, status: os.stat_result, target: Path) -> bool:
    """Use the earlier backup's file if the present one has not changed since."""
    with suppress(OSError):
        known = earlier.stat()
        if (known.st_size, known.st_mtime_ns) == (status.st_size, status.st_mtime_ns):
            os.link(earlier, target)
            return True
    return False


def _copy_users(source: Path, target: Path) -> int:
    if not (source / USERS).exists():
        return 0
    target.mkdir(mode=0o700)
    for path in source.iterdir():
        if path.is_file() and not path.name.startswith(USERS):
            shutil.copy2(path, target / path.name)
    return _copy_database(source / USERS, target / USERS)


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(existing_part(folder)).free
    if free < needed + MARGIN:
        raise OSError(f"{size(needed + MARGIN)} are needed")


def find_backup(source: Path) -> Path:
    """Return the backup at `source`, which may be the folder of all backups: then it is the newest.

    Raises:
        BackupError: there is none.
    """
    for path in (source, source / LATEST):
        if (path / RECORD).is_file():
            return path.resolve()
    known = ", ".join(path.name for path in backups(source if source.is_dir() else source.parent))
    raise BackupError(f"{source} is no backup (a folder with {RECORD}). There: {known or 'none'}.")
