"""SQLite files, as backups, restoring, upgrading and importing use them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.store import sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[tuple[Path, sqlite3.Connection]]:
    """Open a database whose newest run is in its write-ahead log alone."""
    file = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("CREATE TABLE runs (run_uuid TEXT)")
        connection.execute("INSERT INTO runs VALUES ('a')")
        connection.commit()
        yield file, connection


def test_a_copy_of_a_busy_database_is_one_whole_file(busy: tuple[Path, sqlite3.Connection], tmp_path: Path) -> None:
    """What was committed is in it, what was not is not, and nothing lies beside it."""
    file, connection = busy
    connection.execute("INSERT INTO runs VALUES ('begun')")
    sqlite.copy(file, tmp_path / "copy.db")
    assert sqlite.count_runs(tmp_path / "copy.db") == 1
    assert sqlite.damage(tmp_path / "copy.db") is None
    assert not list(tmp_path.glob("copy.db-*"))
    connection.rollback()


def test_a_write_ahead_log_is_taken_in(busy: tuple[Path, sqlite3.Connection]) -> None:
    """The file alone then holds every run; while somebody uses it, that is refused."""
    file, connection = busy
    before = file.read_bytes()
    with pytest.raises(sqlite.Error):
        sqlite.complete(file)
    connection.close()
    sqlite.complete(file)
    assert not list(file.parent.glob("mlflow.db-*"))
    assert file.read_bytes() != before
    assert sqlite.count_runs(file) == 1


def test_a_database_goes_with_what_sqlite_keeps_beside_it(busy: tuple[Path, sqlite3.Connection]) -> None:
    """A log of the old one would be read into the next one of this name; no other file goes."""
    file, _ = busy
    file.with_name("mlflow.db-journal").touch()
    file.with_name("mlflow.db.old").touch()
    sqlite.remove(file)
    assert [path.name for path in file.parent.iterdir()] == ["mlflow.db.old"]
    sqlite.remove(file)


def test_damage_is_found(tmp_path: Path) -> None:
    """A page that was overwritten is described; what is no database at all is an error."""
    file = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE runs (run_uuid TEXT PRIMARY KEY)")
        connection.executemany("INSERT INTO runs VALUES (?)", [(f"{number:0100d}",) for number in range(500)])
    content = bytearray(file.read_bytes())
    content[4096 * 3 : 4096 * 4] = b"x" * 4096
    file.write_bytes(content)
    assert sqlite.damage(file)
    file.write_bytes(b"x" * 5000)
    with pytest.raises(sqlite.Error):
        sqlite.damage(file)
