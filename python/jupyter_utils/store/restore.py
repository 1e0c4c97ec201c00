"""Putting a backup of MLflow's data back. What was there is moved aside, never removed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.entries.identity import beside
from jupyter_utils.errors import BackupError
from jupyter_utils.machine.files import writable_dir
from jupyter_utils.settings import DATABASE

from . import lock, sqlite
from .backup import database_file, find_backup
from .privacy import close_copies, tell_kept_private, writing_privately
from .swap import Swap, close, recover

if TYPE_CHECKING:
    from jupyter_utils.settings import Settings


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


def restore(settings: Settings, source: Path) -> Restored:
    """Put a backup in the place of MLflow's present data; the server must not run.

    Files of runs that wait to be sent stay where they are.

    Args:
        settings: where the data belongs.
        source: a backup, or the folder of all: then its newest.

    Raises:
        BackupError: there is no backup, it is damaged, or there is no room. What was there is as it was.
        StoreBusyError: the server runs, or another command works on the store.
    """
    backup, database = find_backup(source), database_file(settings)
    with writing_privately(settings):
        writable_dir(database.parent, "MLFLOW_STORE_DIR")
        with lock.alone(database):
            recover(database)
            done = _put_back(settings, backup, database)
            tell_kept_private(settings)
            return done


def _put_back(settings: Settings, backup: Path, database: Path) -> Restored:
    swap = Swap(database, lambda path: close_copies(path, settings, secret="auth" in path.name))
    try:
        writable_dir(settings.store_dir, "MLFLOW_STORE_DIR")
        runs = sqlite.count_runs(swap.stage(backup / DATABASE, database))
        if beside(backup / DATABASE).exists():  # without it, an earlier version's, the store stays who it is
            swap.stage(beside(backup / DATABASE), beside(database))
        if (backup / "artifacts").is_dir() and "://" not in settings.artifacts_destination:
            swap.stage_artifacts(backup / "artifacts", Path(settings.artifacts_destination))
        if (backup / "auth").is_dir():
            swap.stage(backup / "auth", settings.store_dir / "auth")
        close(database)
        swap.commit()
    except (OSError, sqlite.Error) as error:
        swap.drop()
        raise BackupError(f"{backup} could not be restored ({error}). What was there is as it was.") from error
    return Restored(backup, runs, swap.aside)
