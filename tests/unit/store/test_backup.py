"""Backups and restoring, on stores without a server."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from jupyter_utils.errors import BackupError
from jupyter_utils.settings import Settings, read_settings
from jupyter_utils.store import backup as backups
from jupyter_utils.store import lock
from jupyter_utils.store.backup import back_up, find_backup
from jupyter_utils.store.restore import restore
from small_store import runs, small_store, write


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Make a store with two runs, an artifact and users, and settings that name it."""
    return small_store(tmp_path, monkeypatch)


def later(monkeypatch: pytest.MonkeyPatch, stamp: str) -> None:
    """Let a backup be called as if it were made at another time."""
    monkeypatch.setattr("jupyter_utils.store.backup.time.strftime", lambda *_: stamp)


def test_what_was_backed_up_comes_back_whole(settings: Settings, tmp_path: Path) -> None:
    """Database, artifacts and users; what was there since is kept beside them."""
    store = settings.store_dir
    made = back_up(settings, tmp_path / "backups")
    assert (made.runs, made.files) == (2, 1)
    with closing(sqlite3.connect(store / "mlflow.db")) as database, database:
        database.execute("INSERT INTO runs VALUES ('c')")
    write(store / "artifacts" / "0" / "a" / "model.bin", b"spoilt")
    (store / "auth" / "admin-password").write_text("other")

    done = restore(settings, tmp_path / "backups")
    assert done.runs == 2
    assert runs(store) == {"a", "b"}
    assert (store / "artifacts" / "0" / "a" / "model.bin").read_bytes() == b"one"
    assert (store / "auth" / "admin-password").read_text() == "secret"
    aside = {place.name: kept for place, kept in done.aside}
    assert aside.keys() == {"mlflow.db", "artifacts", "auth"}
    assert (aside["artifacts"] / "0" / "a" / "model.bin").read_bytes() == b"spoilt"
    assert not list(store.glob(".restoring*"))


def test_a_restored_store_shares_no_file_with_its_backup(settings: Settings, tmp_path: Path) -> None:
    """What MLflow then writes cannot reach into the backup."""
    made = back_up(settings, tmp_path / "backups")
    restore(settings, made.path)
    (settings.store_dir / "artifacts" / "0" / "a" / "model.bin").write_bytes(b"new")
    assert (made.path / "artifacts" / "0" / "a" / "model.bin").read_bytes() == b"one"


def test_unchanged_artifacts_are_shared_and_old_backups_go(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hard link for what is the same, a copy for what is not; --keep 2 keeps the two newest, whole."""
    target, artifact = tmp_path / "backups", Path("artifacts", "0", "a", "model.bin")
    made = []
    for number in range(3):
        later(monkeypatch, f"2026010{number + 1}T000000Z")
        write(settings.store_dir / "artifacts" / "0" / "b" / "new.bin", b"%d" % number)
        made.append(back_up(settings, target, keep=2))
    assert backups.backups(target) == [made[1].path, made[2].path]
    assert not made[0].path.exists()
    assert (target / "latest").resolve() == made[2].path
    assert (made[1].path / artifact).samefile(made[2].path / artifact)
    assert (made[2].path / artifact).read_bytes() == b"one"
    assert (made[1].path / "artifacts/0/b/new.bin").read_bytes() == b"1"
    assert (made[2].path / "artifacts/0/b/new.bin").read_bytes() == b"2"
    assert made[2].path.stat().st_mode & 0o777 == 0o700


def test_keep_one_keeps_the_one_just_made(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not the one before."""
    back_up(settings, tmp_path / "backups")
    later(monkeypatch, "99990101T000000Z")
    made = back_up(settings, tmp_path / "backups", keep=1)
    assert backups.backups(tmp_path / "backups") == [made.path]


def test_a_backup_that_fails_leaves_the_earlier_ones(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, for one: nothing half-made is taken for a backup."""
    first = back_up(settings, tmp_path / "backups")
    later(monkeypatch, "99990101T000000Z")
    monkeypatch.setattr(backups, "MARGIN", 1 << 60)
    with pytest.raises(BackupError, match=r"1.0 EiB are needed.*earlier ones are as they were"):
        back_up(settings, tmp_path / "backups")
    assert backups.backups(tmp_path / "backups") == [first.path]
    assert {path.name for path in (tmp_path / "backups").iterdir()} - {".lock"} == {first.path.name, "latest"}


def test_a_damaged_database_is_not_taken_for_a_backup(settings: Settings, tmp_path: Path) -> None:
    """The message says so; no backup is made of it."""
    (settings.store_dir / "mlflow.db").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with pytest.raises(BackupError):
        back_up(settings, tmp_path / "backups")
    assert backups.backups(tmp_path / "backups") == []


def test_nothing_is_restored_while_the_server_runs(settings: Settings, tmp_path: Path) -> None:
    """Whatever its port; the message says how to stop it. integration/store/test_one_server.py has a real one."""
    made = back_up(settings, tmp_path / "backups")
    with lock.serving(settings.store_dir / "mlflow.db", "http://127.0.0.1:1", asks_password=False):
        done = subprocess.run(
            [sys.executable, "-m", "jupyter_utils", "restore", str(made.path)],
            check=False,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 1
    assert "systemctl stop mlflow-server" in done.stderr
    assert not list(settings.store_dir.glob("*.replaced*"))


def test_a_restore_that_fails_midway_changes_nothing(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of two renames fails, for one."""
    made = back_up(settings, tmp_path / "backups")
    write(settings.store_dir / "artifacts" / "0" / "a" / "model.bin", b"present")
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.name == ".restoring-artifacts":
            raise OSError("no luck")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(BackupError, match=r"no luck.*as it was"):
        restore(settings, made.path)
    assert runs(settings.store_dir) == {"a", "b"}
    assert (settings.store_dir / "artifacts" / "0" / "a" / "model.bin").read_bytes() == b"present"
    names = {path.name for path in settings.store_dir.iterdir()}
    assert names - {".mlflow.db.lock", ".mlflow.db.server"} == {"mlflow.db", "artifacts", "auth"}


def test_what_is_no_backup_is_refused_with_those_that_are(settings: Settings, tmp_path: Path) -> None:
    """A folder beside them, or a file of another kind."""
    made = back_up(settings, tmp_path / "backups")
    with pytest.raises(BackupError, match=f"There: {made.path.name}"):
        find_backup(tmp_path / "backups" / "nonsense")
    with pytest.raises(BackupError, match="There: none"):
        find_backup(tmp_path / "mlflow" / "auth")


def test_other_databases_have_tools_of_their_own(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names it; a password in the address is not shown."""
    monkeypatch.setenv("MLFLOW_BACKEND_STORE_URI", "postgresql://u:geheim@db/mlflow")
    with pytest.raises(BackupError, match="pg_dump") as caught:
        back_up(read_settings(), tmp_path / "backups")
    assert "geheim" not in str(caught.value)
    assert settings.store_dir.exists()


def test_two_backups_into_one_folder_do_not_meet(settings: Settings, tmp_path: Path) -> None:
    """The second is refused while the first works, which it would have taken for a leftover."""
    target = tmp_path / "backups"
    first = back_up(settings, target)
    holding = (
        "import filelock, sys; held = filelock.FileLock(sys.argv[1]); held.acquire()\n"
        "print(1, flush=True); sys.stdin.read()"
    )
    argv = [sys.executable, "-c", holding, str(target / ".lock")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()
        (target / ".partial-mlflow-20260101T000000Z").mkdir()
        with pytest.raises(BackupError, match="Another backup is being made"):
            back_up(settings, target, keep=1)
        assert (target / ".partial-mlflow-20260101T000000Z").is_dir()
        other.kill()
    assert backups.backups(target) == [first.path]


def test_backups_of_one_second_are_two(settings: Settings, tmp_path: Path) -> None:
    """The timer's, and one that is asked for in the same second: each is made, and has a name of its own."""
    made = [back_up(settings, tmp_path / "backups").path for _ in range(4)]
    assert backups.backups(tmp_path / "backups") == made
    assert len(set(made)) == 4
    assert (tmp_path / "backups" / "latest").resolve() == made[-1]


def test_a_clock_that_stands_still_is_named(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Instead of waiting for ever for a second that does not come."""
    monkeypatch.setattr(backups, "_PAUSE", 0)
    later(monkeypatch, "20260101T000000Z")
    first = back_up(settings, tmp_path / "backups")
    with pytest.raises(BackupError, match="clock"):
        back_up(settings, tmp_path / "backups")
    assert backups.backups(tmp_path / "backups") == [first.path]


def test_backups_of_a_wrong_clock_do_not_stay_for_ever(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is the order in which they were made, also after ones of before these were numbered."""
    target = tmp_path / "backups"
    later(monkeypatch, "20990101T000000Z")
    future = back_up(settings, target)
    record = future.path / "backup.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "number": None}))
    made = []
    for number in range(4):
        later(monkeypatch, f"2026010{4 - number}T000000Z")
        made.append(back_up(settings, target, keep=2))
    assert backups.backups(target) == [made[2].path, made[3].path]
    assert (target / "latest").resolve() == made[3].path


def test_a_backup_counts_only_once_it_was_looked_at(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that loses what it was given: the one before stays, and the command fails."""
    first = back_up(settings, tmp_path / "backups")
    later(monkeypatch, "20990101T000000Z")
    monkeypatch.setattr("os.sync", lambda: next((tmp_path / "backups").glob(".partial-*/mlflow.db")).unlink())
    with pytest.raises(BackupError, match="did not arrive as it was written"):
        back_up(settings, tmp_path / "backups", keep=1)
    assert backups.backups(tmp_path / "backups") == [first.path]
    assert not list((tmp_path / "backups").glob(".partial-*"))
