"""The tables of MLflow's database, at the version that the installed MLflow needs."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click
import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.errors import DirectoryError, SettingsError
from jupyter_utils.machine.sizes import size
from jupyter_utils.machine.urls import mask, said, sqlite_file, sqlite_uri

from . import lock, sqlite

if TYPE_CHECKING:
    from pathlib import Path


def upgrade(uri: str) -> None:
    """Bring the database at `uri` to the installed MLflow's version; do nothing where it is there already.

    An SQLite file is made, or upgraded, under another name, and gets its own once it is complete: a full disk leaves
    what was there before.

    Raises:
        DirectoryError: the database was made by a newer MLflow, or there is no room for its tables.
        SettingsError: it is a PostgreSQL database that does not keep text in UTF-8.
    """
    if uri.startswith("postgres"):
        _check_encoding(uri)
    file = sqlite_file(uri)
    present = None if file and not _has_content(file) else adapter.database_revision(uri)
    wanted = adapter.latest_revision()
    if present == wanted:
        return
    if present is not None:
        _check_known(present, wanted, uri)
        click.echo(f"Database schema: {present} -> {wanted}", err=True)
    if file:
        with lock.changing(file):
            _upgrade_file(file, present)
    else:
        adapter.upgrade_database(uri)


def _check_encoding(uri: str) -> None:
    """Refuse what a server without a locale makes (SQL_ASCII): the driver would give bytes where MLflow wants text."""
    dialect, url = (engine := sqlalchemy.create_engine(uri)).dialect, engine.url
    words, options = dialect.create_connect_args(url)
    try:
        connection: Any = dialect.connect(*words, **options)
    except dialect.loaded_dbapi.Error:  # MLflow waits for a server that is only starting, and then says so
        return
    with closing(connection):
        encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise SettingsError(
            f"MLFLOW_BACKEND_STORE_URI={mask(uri)} keeps text in {encoding}, and MLflow needs UTF-8. Make its database "
            f"with:  CREATE DATABASE {url.database} ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0"
        )


def _has_content(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


def _check_known(present: str, wanted: str, uri: str) -> None:
    if present not in adapter.known_revisions():
        raise DirectoryError(
            f"MLflow's database {mask(uri)} has schema {present}, which this MLflow (schema {wanted}) does not know: a "
            "newer MLflow made it. Use that MLflow, or another MLFLOW_STORE_DIR."
        )


def _upgrade_file(file: Path, present: str | None) -> None:
    new = file.with_name(f"{file.name}.new")
    sqlite.remove(new)
    try:
        if _has_content(file):
            sqlite.complete(file)  # it keeps its content under the name that `_keep` gives it
            sqlite.copy(file, new)
        adapter.upgrade_database(sqlite_uri(new))
        sqlite.complete(new)
        if present is not None:
            _keep(file, file.with_name(f"{file.name}.{present}.{time.strftime('%Y%m%d%H%M%S')}"))
        new.replace(file)
    except (OSError, sqlite.Error, SQLAlchemyError) as error:
        sqlite.remove(new)
        reason = getattr(error, "orig", None) or error
        raise DirectoryError(
            f"MLflow's database {file} could not be made or brought up to date ({said(reason)}); what was there is as "
            f"it was. {size(shutil.disk_usage(file.parent).free)} are free there: make room, or set MLFLOW_STORE_DIR "
            "to another directory."
        ) from error


def _keep(file: Path, aside: Path) -> None:
    """Keep the old database under a second name: schema migrations cannot be undone."""
    try:
        os.link(file, aside)
    except OSError:  # a file system without links
        shutil.copy2(file, aside)
