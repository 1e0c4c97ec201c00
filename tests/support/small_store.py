"""A store without a server, small enough to be made for each test."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from bare import without_settings
from jupyter_utils.settings import Settings, read_settings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def small_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Make a store with two runs, an artifact and users, and settings that name it."""
    without_settings(monkeypatch)
    monkeypatch.chdir(folder)
    store = folder / "mlflow"
    monkeypatch.setenv("MLFLOW_STORE_DIR", str(store))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    (store / "auth").mkdir(parents=True)
    with closing(sqlite3.connect(store / "mlflow.db")) as database, database:
        database.execute("CREATE TABLE runs (run_uuid TEXT)")
        database.executemany("INSERT INTO runs VALUES (?)", [("a",), ("b",)])
    with closing(sqlite3.connect(store / "auth" / "basic_auth.db")) as database, database:
        database.execute("CREATE TABLE users (name TEXT)")
    (store / "auth" / "admin-password").write_text("secret")
    write(store / "artifacts" / "0" / "a" / "model.bin", b"one")
    return read_settings()


def write(path: Path, content: bytes) -> None:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def runs(store: Path) -> set[str]:
    """Return the IDs of the runs in a store."""
    with closing(sqlite3.connect(store / "mlflow.db")) as database:
        return {row[0] for row in database.execute("SELECT run_uuid FROM runs")}
