"""The private key by which a store proves who it is: made once, kept with the store, so restored and copied with it.

Of an SQLite store it is a file beside the database, for its owner alone, whoever else may read the runs. A database
server keeps it in a table, since several MLflow servers, which may have no folder in common, are one store there.

A copy of a store has the same identity: nobody can tell the two apart. One that is to be a store of its own loses the
file (or the table), and gets a new key at its next start.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import time
from typing import TYPE_CHECKING

from jupyter_utils.entries.identity import KEY_LENGTH, beside, identity
from jupyter_utils.errors import DirectoryError
from jupyter_utils.machine.files import kept_secret
from jupyter_utils.machine.urls import sqlite_file, sqlite_uri
from jupyter_utils.machine.writing import write_whole

if TYPE_CHECKING:
    from pathlib import Path

TABLE = "jupyter_utils_identity"
_HEXADECIMAL = set("0123456789abcdef")


def key_of(uri: str) -> str:
    """Return the private key of the store whose database is at this address; made the first time.

    Raises:
        DirectoryError: the file can neither be read nor made, or holds no key.
        SQLAlchemyError: the database server takes no table.
    """
    database = sqlite_file(uri)
    if database is None:
        return _in_database(uri)
    path = beside(database)
    key = kept_secret(path, KEY_LENGTH)
    if len(key) != 2 * KEY_LENGTH or not set(key) <= _HEXADECIMAL:
        raise DirectoryError(
            f"{path} does not hold the key of the store: take it from a backup. Without the file the store gets a new "
            "identity, and whoever has used it is asked whether that is right."
        )
    return key


def of_started(database: Path | None) -> str:
    """Return the identity of the store that is about to be served; of a database that is gone the key goes aside.

    Whoever removes `mlflow.db` begins a new store, into which runs that wait for the old one must not go unasked.

    Returns:
        the identity; empty where a database server keeps the key.

    Raises:
        DirectoryError: there is no key, and none can be made.
    """
    if database is None:
        return ""
    retire(database)
    return identity(key_of(sqlite_uri(database)))


def retire(database: Path) -> None:
    """Move the key of a database that is gone aside."""
    path = beside(database)
    if path.exists() and not database.exists():
        path.replace(path.with_name(f"{path.name}.replaced-{time.time_ns()}"))


def copy_key(source: Path, target_uri: str) -> None:
    """Let the copy of an SQLite store have the same identity."""
    if not beside(source).exists():
        return
    key, database = key_of(sqlite_uri(source)), sqlite_file(target_uri)
    if database is None:
        _in_database(target_uri, key)
    else:
        write_whole(beside(database), key + "\n", mode=0o600, durable=True)


def copy_file(source: Path, target: Path) -> None:
    """Copy the key of an SQLite database to another one's place, if it has one."""
    if beside(source).exists():
        shutil.copy2(beside(source), beside(target))


def _in_database(uri: str, key: str | None = None) -> str:
    """Return the key in a database; of several servers that make one at once, all get the one that came first."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(uri)
    table = sqlalchemy.Table(
        TABLE,
        sqlalchemy.MetaData(),
        sqlalchemy.Column("number", sqlalchemy.Integer, primary_key=True, autoincrement=False),
        sqlalchemy.Column("key", sqlalchemy.String(2 * KEY_LENGTH), nullable=False),
    )
    try:
        with contextlib.suppress(*_another_was_faster()):
            table.create(engine, checkfirst=True)
        with contextlib.suppress(*_another_was_faster()), engine.begin() as connection:
            if found := connection.execute(sqlalchemy.select(table.c.key)).scalar():
                return str(found)
            connection.execute(table.insert(), {"number": 1, "key": key or secrets.token_hex(KEY_LENGTH)})
        with engine.connect() as connection:
            return str(connection.execute(sqlalchemy.select(table.c.key)).scalar_one())
    finally:
        engine.dispose()


def _another_was_faster() -> tuple[type[Exception], ...]:
    """Return what databases raise where another server has just made the table, or its row."""
    from sqlalchemy import exc

    return exc.IntegrityError, exc.ProgrammingError, exc.OperationalError
