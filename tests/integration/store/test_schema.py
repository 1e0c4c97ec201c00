"""MLflow's tables are brought up to date before anything is served."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.errors import DirectoryError

if TYPE_CHECKING:
    from pathlib import Path


def version(path: Path) -> str:
    with closing(sqlite3.connect(path)) as database:
        return str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """Make a database as the MLflow before this one's last schema change left it."""
    import sqlalchemy
    from alembic import command
    from alembic.script import ScriptDirectory
    from mlflow.store.db import utils

    path = tmp_path / "mlflow.db"
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    utils.InitialBase.metadata.create_all(engine)
    config = utils._get_alembic_config(f"sqlite:///{path}")
    scripts = ScriptDirectory.from_config(config)
    before_head = scripts.get_revision(scripts.get_current_head()).down_revision
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, before_head)
    engine.dispose()
    return path


def test_an_older_schema_is_upgraded_and_kept_aside(older: Path) -> None:
    """A schema change cannot be undone, so the database as it was lies beside the new one."""
    from jupyter_utils.adapters.mlflow import latest_revision
    from jupyter_utils.store.schema import upgrade

    before = version(older)
    upgrade(f"sqlite:///{older}")
    assert version(older) == latest_revision() != before
    (aside,) = older.parent.glob("mlflow.db.*")
    assert version(aside) == before
    upgrade(f"sqlite:///{older}")
    assert list(older.parent.glob("mlflow.db.*")) == [aside]


def test_a_newer_schema_is_refused(older: Path) -> None:
    """What a newer MLflow made is not touched, and the message says so."""
    from jupyter_utils.adapters.mlflow import latest_revision
    from jupyter_utils.store.schema import upgrade

    with closing(sqlite3.connect(older)) as database:
        database.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
        database.commit()
    before = older.read_bytes()
    head = latest_revision()
    with pytest.raises(
        DirectoryError, match=rf"has schema ffffffffffff, which this MLflow \(schema {head}\) does not know"
    ):
        upgrade(f"sqlite:///{older}")
    assert older.read_bytes() == before
