"""SQLite files: opening them, copying them while they are in use, and what SQLite keeps beside them."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Error = sqlite3.Error
_BUSY_SECONDS = 60.0
"""How long a writer of the same file is waited for."""


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """Open a database for the block; what is not committed in it is lost."""
    with closing(sqlite3.connect(file, timeout=_BUSY_SECONDS)) as connection:
        yield connection


def copy(source: Path, target: Path) -> None:
    """Copy a database that may be in use, as of one moment; the copy is one file.

    In one step: one of several is begun anew by every write in between, and would never end on a busy server.

    Raises:
        Error: one of the two cannot be read or written, for example because the disk is full.
    """
    with opened(source) as present, opened(target) as new:
        present.backup(new)
        _complete(new)


def damage(file: Path) -> str | None:
    """Return what SQLite finds wrong with a database; None where that is nothing.

    Raises:
        Error: it is no database at all.
    """
    with opened(file) as connection:
        said = str(connection.execute("PRAGMA quick_check").fetchone()[0])
    return None if said == "ok" else said


def complete(file: Path) -> None:
    """Take what a write-ahead log beside a database holds into its file, and do without one.

    Raises:
        Error: it is no database, or somebody is using it.
    """
    with opened(file) as connection:
        _complete(connection)


def _complete(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode=DELETE")


def remove(file: Path) -> None:
    """Remove a database and what SQLite keeps beside it, where they are there."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def count_runs(file: Path) -> int:
    """Return the number of runs in MLflow's database.

    Raises:
        Error: it is no database of MLflow's.
    """
    with opened(file) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM runs").fetchone()[0])
