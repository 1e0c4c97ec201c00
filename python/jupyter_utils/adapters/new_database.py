"""A new SQLite database of MLflow's, whole or not there: two that make one at once would leave it broken for good.

MLflow itself (3.17) makes the tables in the file's place and has no lock but in its server; whoever comes in between
takes the half for an old database, and fails, as does everybody after.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.machine.disk import to_disk
from jupyter_utils.machine.urls import sqlite_uri

from .mlflow import latest_revision

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
_PATIENCE = 20.0
"""Seconds for another program that makes the database just now, in MLflow's own way."""


def make_sqlite(file: Path) -> None:
    """Make the database where there is none; where another program is at it, wait until that is done.

    Raises:
        OSError: its folder cannot be written to, or what is there is no database.
    """
    if file.exists():
        _look(file)
        if _is_whole(file):
            return
    file.parent.mkdir(parents=True, exist_ok=True)
    with _alone(file.parent):
        if file.exists() and _comes(file):
            return
        part = file.with_name(f".{file.name}.{secrets.token_hex(8)}.part")
        try:
            _make(part)
            to_disk([part], [])
            _place(part, file)
        finally:
            part.unlink(missing_ok=True)


def _look(file: Path) -> None:
    """Read the file's head: MLflow would try ten times, with pauses, to open what is no database."""
    try:
        with _reading(file) as database:
            database.execute("PRAGMA schema_version")
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorname", "") not in {"SQLITE_BUSY", "SQLITE_LOCKED"}:
            raise OSError(f"{file}: {error}") from error


def _reading(file: Path) -> contextlib.closing[sqlite3.Connection]:
    return contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True))


def _is_whole(file: Path) -> bool:
    """Return whether all tables are there; where nobody has written for a while, MLflow may judge for itself."""
    if not (found := _revision(file)):
        return False
    return file.stat().st_mtime < time.time() - _PATIENCE or found == latest_revision()


def _comes(file: Path) -> bool:
    """Wait for tables in a file that is there; False where it is, and stays, empty."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and not _is_whole(file):
        if file.stat().st_size == 0 and time.time() - file.stat().st_mtime > 1:
            return False
        time.sleep(0.1)
    return True  # what is wrong with it, MLflow says


def _revision(file: Path) -> str | None:
    with contextlib.suppress(sqlite3.Error):
        with _reading(file) as database:
            row = database.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else None
    return None


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes with the same wish waiting; a folder's own lock leaves nothing behind."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _make(part: Path) -> None:
    """Make the tables and MLflow's default experiment, in memory: on a busy disk its hundreds of steps take minutes."""
    from mlflow.store.tracking import DEFAULT_LOCAL_FILE_AND_ARTIFACT_PATH
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    memory = str(_MEMORY) if os.access(_MEMORY, os.W_OK | os.X_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        made = Path(folder) / "mlflow.db"
        uri = sqlite_uri(made)
        try:
            SqlAlchemyStore(uri, DEFAULT_LOCAL_FILE_AND_ARTIFACT_PATH)
        finally:
            if engine := SqlAlchemyStore._engine_map.pop(uri, None):
                engine.dispose()
        shutil.copyfile(made, part)


def _place(part: Path, file: Path) -> None:
    if file.exists():  # empty
        part.replace(file)
        return
    with contextlib.suppress(FileExistsError):  # another program's, which came first, stays
        os.link(part, file)
