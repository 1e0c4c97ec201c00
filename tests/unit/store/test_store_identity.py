"""The key by which a store proves who it is: made once, private, and kept by whatever keeps the store."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.entries.identity import beside, identity, new_nonce, of_database, proof, proven
from jupyter_utils.entries.stores import KnownStores, addresses_of
from jupyter_utils.errors import DirectoryError
from jupyter_utils.machine.lab_store import LabStore, has_login, login_digest, note_proven
from jupyter_utils.machine.running import Announcement
from jupyter_utils.store import identity as keys
from jupyter_utils.store.backup import back_up
from jupyter_utils.store.privacy import keep_private
from jupyter_utils.store.restore import restore
from small_store import small_store

if TYPE_CHECKING:
    from pathlib import Path

KEY = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"


def test_a_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    """However often the store is opened."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    key = keys.key_of(uri)
    assert keys.key_of(uri) == key
    assert stat.S_IMODE(beside(tmp_path / "mlflow.db").stat().st_mode) == 0o600
    assert of_database(tmp_path / "mlflow.db") == identity(key)


@pytest.mark.parametrize("content", ["no key", "00" * 31, "XY" * 32])
def test_a_file_without_a_key_is_named(content: str, tmp_path: Path) -> None:
    """Nothing is made in its place: it may be a key that somebody has damaged."""
    file = beside(tmp_path / "mlflow.db")
    file.write_text(content)
    with pytest.raises(DirectoryError, match="does not hold the key of the store"):
        keys.key_of(f"sqlite:///{tmp_path}/mlflow.db")
    assert file.read_text() == content


def test_a_proof_is_for_one_question() -> None:
    """One that was recorded, changed, or signed by another proves nothing."""
    nonce = new_nonce()
    answer = proof(KEY, nonce)
    assert proven(answer, nonce) == identity(KEY)
    assert proven(answer, new_nonce()) == ""
    assert proven(json.dumps(json.loads(answer) | {"store": identity("00" * 32)}), nonce) == ""
    for nonsense in ("", "{}", "[]", "null", '{"store": 1, "signature": 2}', answer[:-9], "[" * 100_000):
        assert proven(nonsense, nonce) == ""


def test_whoever_removes_the_database_begins_a_new_store(tmp_path: Path) -> None:
    """The old key is kept aside."""
    database = tmp_path / "mlflow.db"
    first = keys.of_started(database)
    database.touch()
    assert keys.of_started(database) == first
    database.unlink()
    assert keys.of_started(database) != first
    (aside,) = tmp_path.glob("mlflow.db.identity.replaced-*")
    assert identity(aside.read_text().strip()) == first


def test_a_database_server_keeps_it_in_a_table(tmp_path: Path) -> None:
    """Servers that start at the same moment get the same one (SQLite stands for any database that SQLAlchemy knows)."""
    for number in range(10):
        uri = f"sqlite:///{tmp_path}/{number}.db"
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(keys._in_database, [uri] * 8))
        assert len(set(found)) == 1


def test_a_backup_and_its_restore_keep_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A restored store is the same; a backup of an earlier version has none, and leaves the store what it is."""
    settings = small_store(tmp_path, monkeypatch)
    database = settings.store_dir / "mlflow.db"
    old = back_up(settings, tmp_path / "old")
    key = keys.key_of(settings.backend_store_uri)
    made = back_up(settings, tmp_path / "backups")
    assert stat.S_IMODE(beside(made.path / "mlflow.db").stat().st_mode) == 0o600
    restore(settings, old.path)
    assert keys.key_of(settings.backend_store_uri) == key
    beside(database).write_text("00" * 32)
    restore(settings, made.path)
    assert keys.key_of(settings.backend_store_uri) == key


def test_a_group_that_may_read_the_store_does_not_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has the key can pass for the store."""
    monkeypatch.setenv("MLFLOW_STORE_GROUP", str(os.getgid()))
    settings = small_store(tmp_path, monkeypatch)
    monkeypatch.setenv("MLFLOW_STORE_GROUP", str(os.getgid()))
    settings = settings.model_copy(update={"mlflow_store_group": str(os.getgid())})
    keys.key_of(settings.backend_store_uri)
    keep_private(settings)
    database = settings.store_dir / "mlflow.db"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (database, beside(database))] == [0o640, 0o600]


HERE = "http://127.0.0.1:15000"
A, B, C = (identity(f"{number:02}" * 32) for number in range(3))


def test_what_is_known_of_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First what the lab has told, what one has announced, and what was there first; and what the user allows."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    known = KnownStores(tmp_path)
    assert known.is_new(HERE)
    assert known.meant(HERE) == ()
    known.note(HERE, "")
    assert not known.is_new("http://localhost:15000/")
    assert known.meant(HERE) == ()
    known.note("http://localhost:15000/", C)
    assert known.meant(HERE) == (C,)
    with Announcement({}, tmp_path, stores={HERE: B}) as announcement:
        announcement.make()
        assert known.meant(HERE) == (B,)
        assert addresses_of(B) == [HERE]
        for name, value in LabStore(HERE, A).variable().items():
            monkeypatch.setenv(name, value)
        assert known.meant(HERE) == (A,)
        known.note(HERE, C, allowed=True)
        assert known.meant(HERE) == (A, C)
        known.note(HERE, C)  # used again
        assert known.meant(HERE) == (A, C)
        known.note(HERE, A)
        assert known.meant(HERE) == (A,)
    assert known.meant("http://127.0.0.1:15001") == ()
    (tmp_path / "stores.json").write_text("{")
    assert known.meant(HERE) == (A,)


def test_whose_the_login_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a lab has set is for its own MLflow, once that has proven itself; the user's, for the address beside it."""
    elsewhere = "http://elsewhere:5000"

    def taken() -> list[bool]:
        return [has_login(uri) for uri in (HERE, elsewhere)]

    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    assert taken() == [True, False]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", elsewhere)
    assert taken() == [False, True]
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "geheim")
    for name, value in LabStore(HERE, A, login_digest("admin", "geheim")).variable().items():
        monkeypatch.setenv(name, value)
    for proven_there, taken_there in ((B, False), ("", False), (A, True)):
        note_proven("http://localhost:15000", proven_there)
        assert taken() == [taken_there, False]
    assert has_login(f"{HERE}/api/2.0/mlflow-artifacts/artifacts/1/x")
    assert not has_login("http://127.0.0.1:150001")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "my own")
    assert taken() == [False, True]
    monkeypatch.setenv("JUPYTER_UTILS_STORE", "nonsense")
    assert taken() == [False, True]
