"""The tables of MLflow's database, at the version that the installed MLflow needs."""

from __future__ import annotations

import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import mlflow.db
from mlflow.store.db import utils as untyped

from jupyter_utils.errors import DirectoryError
from jupyter_utils.network import mask

_SQLITE = "sqlite:///"
utils: Any = untyped


def upgrade(uri: str) -> None:
    """Bring the database at `uri` to the installed MLflow's version; do nothing where it is there already.

    Raises:
        DirectoryError: the database was made by a newer MLflow.

    """
    engine = utils.create_sqlalchemy_engine_with_retry(uri)
    try:
        present = utils._get_schema_version(engine)  # noqa: SLF001 - has no public counterpart
        wanted = utils._get_latest_schema_revision()  # noqa: SLF001
    finally:
        engine.dispose()
    if present == wanted:
        return
    if present is not None:
        _check_known(present, wanted, uri)
        print(f"Database schema: {present} -> {wanted}", file=sys.stderr)  # noqa: T201 - this process's log
        _copy_aside(uri, present)
    command: Any = mlflow.db.upgrade  # `mlflow db upgrade`
    command.callback(uri)


def _check_known(present: str, wanted: str, uri: str) -> None:
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - only where the versions differ

    scripts = ScriptDirectory.from_config(utils._get_alembic_config(""))  # noqa: SLF001
    if present not in {script.revision for script in scripts.walk_revisions()}:
        raise DirectoryError(
            f"MLflow's database {mask(uri)} has schema {present}, which this MLflow (schema {wanted}) does not know: a "
            "newer MLflow made it. Use that MLflow, or another MLFLOW_STORE_DIR."
        )


def _copy_aside(uri: str, revision: str) -> None:
    """Copy an SQLite database before its tables change: schema migrations cannot be undone."""
    if not uri.startswith(_SQLITE):
        return
    path = Path(uri.removeprefix(_SQLITE))
    target = path.with_name(f"{path.name}.{revision}.{time.strftime('%Y%m%d%H%M%S')}")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
