"""`jupyter-utils copy-store`: one machine's SQLite file and folder, copied to another database and an artifact store.

MLflow has no command for this. All tables are copied in one transaction, into a database whose tables MLflow itself
has made, and every row is compared; artifacts are copied by MLflow's own repositories, and the size of every file is
compared. The old store stays, its tables brought up to date if they were an older MLflow's (the old file beside it).
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

from jupyter_utils.adapters.mlflow_client import artifact_repository
from jupyter_utils.entries.entry import INCOMING
from jupyter_utils.errors import CopyStoreError
from jupyter_utils.machine.urls import local_folder, mask, said, sqlite_file, sqlite_uri
from jupyter_utils.settings import DATABASE

from . import lock
from .identity import TABLE, copy_key
from .privacy import close_copies, tell_kept_private, writing_privately

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_utils.settings import Settings

_ROWS = 5000
"""Rows that are held in memory at a time."""
_VERSION = "alembic_version"


@dataclass(frozen=True)
class CopiedStore:
    """What was copied: runs, rows of all tables, artifact files."""

    runs: int
    rows: int
    files: int


def copy_store(settings: Settings) -> CopiedStore:
    """Copy what lies in MLFLOW_STORE_DIR to MLFLOW_BACKEND_STORE_URI and MLFLOW_ARTIFACTS_DESTINATION.

    Either may be unset; that part then stays where it is. No server may be running on either side.

    Raises:
        CopyStoreError: there is nothing to copy, the target is not empty, or what arrived is not what was sent.
        StoreBusyError: a server runs on one of them, or another command works on it.
    """
    database, artifacts = settings.store_dir / DATABASE, settings.store_dir / "artifacts"
    target, destination = settings.mlflow_backend_store_uri, settings.mlflow_artifacts_destination
    if target is None and destination is None:
        raise CopyStoreError(
            "Neither MLFLOW_BACKEND_STORE_URI nor MLFLOW_ARTIFACTS_DESTINATION says where to: set them, as for the new "
            "server."
        )
    if not database.exists():
        raise CopyStoreError(f"MLFLOW_STORE_DIR={settings.store_dir} holds no {DATABASE}: name the old store.")
    new = sqlite_file(target) if target else None
    with writing_privately(settings), lock.alone(database), lock.alone(new):
        done = _copy(database, artifacts, target, destination)
        _close(settings, new, destination)
    return done


def _close(settings: Settings, database: Path | None, destination: str | None) -> None:
    """Make the new store private; of an older one, say that it is now."""
    if database:
        close_copies(database, settings)
    if destination and (folder := local_folder(destination)):
        close_copies(Path(folder), settings)
    tell_kept_private(settings)


def _copy(database: Path, artifacts: Path, target: str | None, destination: str | None) -> CopiedStore:
    if target:
        _prepare(target)
    files = _copy_artifacts(artifacts, destination) if destination else 0
    runs, rows = _copy_database(sqlite_uri(database), target) if target else (0, 0)
    if target:
        copy_key(database, target)
    return CopiedStore(runs, rows, files)


def _copy_database(source_uri: str, target_uri: str) -> tuple[int, int]:
    from .schema import upgrade  # imports MLflow

    for uri in (source_uri, target_uri):
        upgrade(uri)
    source, target = sqlalchemy.create_engine(source_uri), sqlalchemy.create_engine(target_uri)
    try:
        # The target's own types; both have the same tables and columns, since both have MLflow's present version.
        known = sqlalchemy.MetaData()
        known.reflect(target)
        tables = [table for table in known.sorted_tables if table.name not in {_VERSION, TABLE}]
        with source.connect() as old, target.begin() as new:
            _check_empty(new, known, target_uri)
            for table in reversed(tables):
                new.execute(table.delete())  # what MLflow puts into a new database: the experiment "Default"
            rows = sum(_copy_table(old, new, table) for table in tables)
            for table in tables:
                _check_copied(old, new, table)
            _count_on(new, tables)
            runs = _count(new, known.tables["runs"])
    except SQLAlchemyError as error:
        raise CopyStoreError(
            f"{mask(target_uri)} did not take the runs: {said(error.__cause__ or error)}\n"
            "Nothing was changed there, nor in the old store."
        ) from None
    finally:
        source.dispose()
        target.dispose()
    return runs, rows


def _prepare(target_uri: str) -> None:
    """Make the target's tables, and refuse one that holds runs before anything is copied."""
    from .schema import upgrade  # imports MLflow

    try:
        upgrade(target_uri)
        target = sqlalchemy.create_engine(target_uri)
        known = sqlalchemy.MetaData()
        known.reflect(target)
        with target.connect() as new:
            _check_empty(new, known, target_uri)
        target.dispose()
    except SQLAlchemyError as error:
        raise CopyStoreError(f"{mask(target_uri)} cannot be used: {said(error.__cause__ or error)}") from None


def _check_empty(new: sqlalchemy.Connection, known: sqlalchemy.MetaData, uri: str) -> None:
    if _count(new, known.tables["runs"]) or _count(new, known.tables["experiments"]) > 1:
        raise CopyStoreError(
            f"{mask(uri)} holds experiments or runs already, and two stores cannot be mixed: name an empty database."
        )


def _copy_table(old: sqlalchemy.Connection, new: sqlalchemy.Connection, table: sqlalchemy.Table) -> int:
    copied = 0
    for rows in _batches(old, table):
        new.execute(table.insert(), rows)
        copied += len(rows)
    return copied


def _batches(connection: sqlalchemy.Connection, table: sqlalchemy.Table) -> Iterator[list[dict[str, Any]]]:
    streamed = connection.execution_options(stream_results=True).execute(table.select())
    for rows in streamed.mappings().partitions(_ROWS):
        yield [dict(row) for row in rows]


def _check_copied(old: sqlalchemy.Connection, new: sqlalchemy.Connection, table: sqlalchemy.Table) -> None:
    """Hold every row of the new table against the old one."""

    def contents(connection: sqlalchemy.Connection) -> set[int]:
        # Hashes, because there may be millions of rows; in no order, because databases sort text differently.
        return {hash(repr(row)) for rows in _batches(connection, table) for row in rows}

    if _count(old, table) != _count(new, table) or contents(old) != contents(new):
        raise CopyStoreError(
            f"The table {table.name} did not arrive as it was sent. Nothing was changed in either store: report this."
        )


def _count_on(new: sqlalchemy.Connection, tables: list[sqlalchemy.Table]) -> None:
    """Have PostgreSQL's counters go on behind the numbers that were copied; other databases do so by themselves."""
    if new.dialect.name != "postgresql":
        return
    for table in tables:
        for column in table.primary_key.columns:
            if isinstance(column.type, sqlalchemy.Integer) and column.server_default is not None:
                new.execute(
                    sqlalchemy.text(
                        f"SELECT setval(pg_get_serial_sequence(:name, :column), max({column.name})) "  # noqa: S608
                        f'FROM "{table.name}" HAVING max({column.name}) > 0'
                    ),
                    {"name": f'"{table.name}"', "column": column.name},
                )


def _count(connection: sqlalchemy.Connection, table: sqlalchemy.Table) -> int:
    found = connection.execute(sqlalchemy.select(sqlalchemy.func.count()).select_from(table)).scalar()
    return int(found or 0)


def _copy_artifacts(folder: Path, destination: str) -> int:
    """Copy all files, then ask the store for each one's size."""
    sizes = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and INCOMING not in path.relative_to(folder).parts
    }
    store: Any = artifact_repository(destination)
    with click.progressbar(sizes, label="Artifacts", width=0) as names:
        present = _stored(store)
        for name in names:
            if present.get(name) != sizes[name]:
                store.log_artifact(str(folder / name), posixpath.dirname(name) or None)
    arrived = _stored(store)
    wrong = [name for name, size in sizes.items() if arrived.get(name) != size]
    if wrong:
        raise CopyStoreError(
            f"{mask(destination)} lacks {len(wrong)} of {len(sizes)} files, such as {wrong[0]}: run the command again, "
            "it goes on where it ended. The old store is as it was."
        )
    return len(sizes)


def _stored(store: Any) -> dict[str, int]:
    """Return path -> size of all files in an artifact store."""
    found: dict[str, int] = {}
    waiting: list[str | None] = [None]
    while waiting:
        for one in store.list_artifacts(waiting.pop()):
            if one.is_dir:
                waiting.append(one.path)
            else:
                found[one.path] = int(one.file_size or 0)
    return found
