"""Restores that are interrupted, and what lies in a store besides."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.entries.entry import INCOMING
from jupyter_utils.errors import BackupError
from jupyter_utils.settings import Settings, read_settings
from jupyter_utils.store import swap
from jupyter_utils.store.backup import back_up
from jupyter_utils.store.restore import restore
from small_store import runs, small_store, write

if TYPE_CHECKING:
    from pathlib import Path

# Restores in a process that is gone, as by kill -9, at its Nth rename in the store.
KILLED = """
import os, pathlib, sys
from jupyter_utils.settings import read_settings
from jupyter_utils.store.restore import restore

left = int(sys.argv[2])
rename = pathlib.Path.rename

def counting(self, target):
    global left
    if left == 0:
        os._exit(137)
    left -= 1
    return rename(self, target)

pathlib.Path.rename = counting
restore(read_settings(), pathlib.Path(sys.argv[1]))
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Make a store with two runs, an artifact and users, and settings that name it."""
    return small_store(tmp_path, monkeypatch)


def content(store: Path) -> tuple[set[str], bytes, str, bool]:
    return (
        runs(store),
        (store / "artifacts/0/a/model.bin").read_bytes(),
        (store / "auth/admin-password").read_text(),
        (store / "artifacts" / INCOMING / "waits" / "file").is_file(),
    )


def test_files_of_runs_that_wait_stay_where_they_are(settings: Settings, tmp_path: Path) -> None:
    """Entries of the spool name their folder; what waited when the backup was made does not replace them."""
    store = settings.store_dir
    write(store / "artifacts" / INCOMING / "waits" / "file", b"as of then")
    made = back_up(settings, tmp_path / "backups")
    write(store / "artifacts" / INCOMING / "waits" / "file", b"as of now")
    write(store / "artifacts" / INCOMING / "newer" / "file", b"new")
    restore(settings, made.path)
    assert (store / "artifacts" / INCOMING / "waits" / "file").read_bytes() == b"as of now"
    assert (store / "artifacts" / INCOMING / "newer" / "file").read_bytes() == b"new"
    assert not list(store.glob(f"*.replaced-*/{INCOMING}"))


@pytest.mark.parametrize("number", range(9))
def test_a_killed_restore_is_completed_by_whoever_comes_next(settings: Settings, tmp_path: Path, number: int) -> None:
    """At whichever rename it was killed; until its plan is on the disk, all is as it was."""
    store = settings.store_dir
    made = back_up(settings, tmp_path / "backups")
    write(store / "artifacts" / "0" / "a" / "model.bin", b"present")
    write(store / "artifacts" / INCOMING / "waits" / "file", b"waits")
    (store / "auth" / "admin-password").write_text("other")
    before = content(store)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(made.path), str(number)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
        capture_output=True,
        text=True,
    )
    after = (before[0], b"one", "secret", True)
    if done.returncode == 0:
        assert not swap.interrupted(store / "mlflow.db")
        assert content(store) == after
        assert number > 6, "there are no fewer renames"
        return
    assert done.returncode == 137, done.stderr
    assert swap.interrupted(store / "mlflow.db")
    with pytest.raises(BackupError, match="interrupted"):
        back_up(settings, tmp_path / "backups")
    swap.recover(store / "mlflow.db")
    assert content(store) == after
    kept = next(store.glob("artifacts.replaced-*"))
    assert (kept / "0/a/model.bin").read_bytes() == b"present"
    assert not list(store.glob(".restor*"))


def test_what_was_only_written_beside_its_place_goes(settings: Settings, tmp_path: Path) -> None:
    """A restore that was killed while it copied changed nothing; the next one begins anew."""
    made = back_up(settings, tmp_path / "backups")
    write(settings.store_dir / ".restoring-artifacts" / "half", b"x")
    restore(settings, made.path)
    assert not list(settings.store_dir.glob("**/half"))


def test_a_plan_that_cannot_be_carried_out_is_said(settings: Settings) -> None:
    """And kept, for the next try."""
    database = settings.store_dir / "mlflow.db"
    (settings.store_dir / ".restore.json").write_text("{")
    with pytest.raises(BackupError, match=r"could not be completed.*restore\.json"):
        swap.recover(database)
    assert swap.interrupted(database)


def test_a_damaged_store_goes_aside_with_its_log(settings: Settings, tmp_path: Path) -> None:
    """A write-ahead log of the database that goes would spoil the one that comes."""
    made = back_up(settings, tmp_path / "backups")
    database = settings.store_dir / "mlflow.db"
    database.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    database.with_name("mlflow.db-wal").write_bytes(b"log")
    done = restore(settings, made.path)
    assert runs(settings.store_dir) == {"a", "b"}
    kept = dict(done.aside)[database]
    assert kept.read_bytes().startswith(b"SQLite format 3\0xxx")
    assert not database.with_name("mlflow.db-wal").exists()


def test_a_store_that_moved_is_completed_where_it_is_now(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container sees it at another path than the host."""
    made = back_up(settings, tmp_path / "backups")
    subprocess.run([sys.executable, "-c", KILLED, str(made.path), "2"], check=False, capture_output=True)
    moved = tmp_path / "moved"
    settings.store_dir.rename(moved)
    monkeypatch.setenv("MLFLOW_STORE_DIR", str(moved))
    swap.recover(read_settings().store_dir / "mlflow.db")
    assert runs(moved) == {"a", "b"}
