"""Putting a backup of MLflow's data back. What was there is moved aside, never removed."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.errors import BackupError, PortTakenError
from jupyter_utils.machine.files import writable_dir
from jupyter_utils.machine.ports import check_port
from jupyter_utils.settings import DATABASE

from . import sqlite
from .backup import database_file, find_backup

if TYPE_CHECKING:
    from jupyter_utils.settings import Settings

_STAGED = ".restoring"


@dataclass(frozen=True)
class Restored:
    """What is in place now.

    Attributes:
        backup: where it came from.
        runs: runs in the database.
        aside: what was there before, (place, where it is now); remove it when all is well.
    """

    backup: Path
    runs: int
    aside: tuple[tuple[Path, Path], ...] = ()


@dataclass
class _Swap:
    """New things in place of old ones: first all are written beside their places, then all change places."""

    stamp: str = field(default_factory=lambda: time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
    places: list[tuple[Path, Path]] = field(default_factory=list)
    aside: list[tuple[Path, Path]] = field(default_factory=list)

    def stage(self, source: Path, place: Path) -> None:
        staged = place.with_name(f"{_STAGED}-{place.name}")
        _remove(staged)
        writable_dir(place.parent, "MLFLOW_STORE_DIR")
        self.places.append((staged, place))
        if source.is_dir():
            shutil.copytree(source, staged, symlinks=True)
        else:
            shutil.copy2(source, staged)
        _own_as(place.parent, staged)

    def commit(self) -> None:
        for staged, place in self.places:
            if place.exists():
                kept = place.with_name(f"{place.name}.replaced-{self.stamp}")
                place.rename(kept)
                self.aside.append((place, kept))
            staged.rename(place)

    def undo(self) -> None:
        for place, kept in reversed(self.aside):
            _remove(place)
            kept.rename(place)
        for staged, _ in self.places:
            _remove(staged)


def restore(settings: Settings, source: Path) -> Restored:
    """Put a backup in the place of MLflow's present data; the server must not run.

    Args:
        settings: where the data belongs.
        source: a backup, or the folder of all: then its newest.

    Raises:
        BackupError: there is no backup, it is damaged, the server runs, or there is no room. What was there is as it
            was.
    """
    backup, database = find_backup(source), database_file(settings)
    _check_stopped(settings)
    swap = _Swap()
    try:
        writable_dir(settings.store_dir, "MLFLOW_STORE_DIR")
        swap.stage(backup / DATABASE, database)
        runs = sqlite.count_runs(swap.places[0][0])
        if (backup / "artifacts").is_dir() and "://" not in settings.artifacts_destination:
            swap.stage(backup / "artifacts", Path(settings.artifacts_destination))
        if (backup / "auth").is_dir():
            swap.stage(backup / "auth", settings.store_dir / "auth")
        # A journal beside the database belongs to the one that goes.
        _close(database)
        swap.commit()
        os.sync()
    except (OSError, sqlite.Error) as error:
        swap.undo()
        raise BackupError(f"{backup} could not be restored ({error}). What was there is as it was.") from error
    return Restored(backup, runs, tuple(swap.aside))


def _check_stopped(settings: Settings) -> None:
    try:
        check_port(settings.listen_address, settings.mlflow_port, "MLFLOW_PORT")
    except PortTakenError as error:
        raise BackupError(
            f"Port {settings.mlflow_port} is in use, so the MLflow server may be running on this store. Stop it first "
            "(systemctl stop mlflow-server, or Ctrl-C where it runs)."
        ) from error


def _close(database: Path) -> None:
    """Take what a write-ahead log holds into the database that goes aside; a damaged one goes as it is."""
    if not database.exists():
        return
    try:
        sqlite.complete(database)
    except sqlite.Error:
        kept = database.with_name(f"{database.name}.damaged")
        shutil.copy2(database, kept)
        sqlite.remove(database)
        kept.rename(database)


def _own_as(folder: Path, path: Path) -> None:
    """Hand what root restores over to the owner of the place, as whom the server runs."""
    if os.geteuid() != 0:
        return
    owner = folder.stat()
    for entry in (path, *path.rglob("*")):
        os.chown(entry, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.exists():
        sqlite.remove(path)
