"""One store, several who want it: real processes, real kernel locks."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from bare import without_settings
from jupyter_utils.errors import StoreBusyError
from jupyter_utils.store import lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLD = """
import sys, pathlib
from jupyter_utils.store import lock
with {what}:
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name a database, and let nobody wait long."""
    without_settings(monkeypatch)
    monkeypatch.setattr(lock, "PATIENCE", 0.2)
    monkeypatch.setattr(lock, "LONG_PATIENCE", 0.2)
    return tmp_path / "mlflow.db"


@contextmanager
def elsewhere(what: str, database: Path) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold a lock for the block."""
    code = HOLD.format(what=what.replace("DB", f"pathlib.Path({str(database)!r})"))
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_those_who_read_share_and_keep_out_who_wants_it_alone(database: Path) -> None:
    """A backup beside a server, and neither beside a restore."""
    with elsewhere("lock.using(DB)", database):
        with lock.using(database):
            pass
        with pytest.raises(StoreBusyError, match="wait for their end"), lock.alone(database):
            pass
    with elsewhere("lock.alone(DB)", database):
        with pytest.raises(StoreBusyError), lock.using(database):
            pass
        with pytest.raises(StoreBusyError, match="Another command"), lock.alone(database):
            pass
        with (
            pytest.raises(StoreBusyError, match="Another command"),
            lock.serving(database, "http://127.0.0.1:1", asks_password=False),
        ):
            pass


def test_one_server_a_store(database: Path) -> None:
    """The second is told where the first one is, and so is whoever wants the store alone."""
    with elsewhere("lock.serving(DB, 'http://user:geheim@127.0.0.1:7', asks_password=True)", database) as process:
        with (
            pytest.raises(lock.ServedError, match=r"http://\*\*\*@127.0.0.1:7") as caught,
            lock.serving(database, "http://127.0.0.1:1", asks_password=False),
        ):
            pass
        assert caught.value.serving.pid == process.pid
        assert caught.value.serving.asks_password
        assert caught.value.serving.is_reachable
        with pytest.raises(lock.ServedError, match="systemctl stop mlflow-server"), lock.alone(database):
            pass
        with lock.using(database):
            pass


@pytest.mark.parametrize(
    "what", ["lock.using(DB)", "lock.alone(DB)", "lock.serving(DB, 'http://127.0.0.1:1', asks_password=False)"]
)
def test_a_killed_process_holds_nothing(database: Path, what: str) -> None:
    """The kernel lets go of its locks, whatever it left in the files."""
    with elsewhere(what, database) as process:
        process.kill()
        process.wait()
        with lock.alone(database):
            pass


def test_the_server_itself_may_change_the_schema(database: Path) -> None:
    """Its own lock becomes one that it holds alone, and is shared again; a backup beside it keeps it from that."""
    with lock.using(database):
        with lock.changing(database), pytest.raises(subprocess.TimeoutExpired):
            _try(database, 5)
        assert _try(database) == "held\n"
        with elsewhere("lock.using(DB)", database), pytest.raises(StoreBusyError), lock.changing(database):
            pass
        assert _try(database) == "held\n"


def _try(database: Path, limit: float = 60) -> str:
    code = HOLD.format(what=f"lock.using(pathlib.Path({str(database)!r}))")
    done = subprocess.run(
        [sys.executable, "-c", code], input="", capture_output=True, text=True, timeout=limit, check=False
    )
    return done.stdout


def test_no_lock_follows_a_link(database: Path, tmp_path: Path) -> None:
    """A store that others can write to must not have this user make files elsewhere."""
    (tmp_path / ".mlflow.db.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreBusyError, match=r"mlflow\.db\.lock"), lock.using(database):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_a_database_server_guards_its_own(tmp_path: Path) -> None:
    """No file for PostgreSQL, on which several servers may work."""
    with lock.serving(None, "http://127.0.0.1:1", asks_password=False), lock.using(None), lock.alone(None):
        assert list(tmp_path.iterdir()) == []
