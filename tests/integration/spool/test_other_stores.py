"""Runs and passwords go to their own store: not to whoever listens on its port, and to it wherever it listens."""

from __future__ import annotations

import base64
import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jupyter_utils
import pytest
import requests
import servers
from jupyter_utils import errors
from jupyter_utils.entries.identity import PATH, new_nonce
from jupyter_utils.entries.stores import KnownStores
from jupyter_utils.machine.lab_store import LabStore, login_digest
from jupyter_utils.runs.delivery import deliver_waiting
from jupyter_utils.runs.destination import Round
from jupyter_utils.spool import own_spool
from listening import Listener, everything, handed_on, identity_of, listener, plain
from mlflow import MlflowClient
from runs_on_disk import runs_by_entry

if TYPE_CHECKING:
    from pathlib import Path

    from listening import Reply, Request
    from servers import Started

USER, PASSWORD = "admin", "geheim パス"
LOGIN = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def save(uri: str, **arguments: Any) -> jupyter_utils.SaveResult:
    return jupyter_utils.save_mlflow("stores", do_commit=False, mlf_uri=uri, **arguments)


def port_of(uri: str) -> int:
    port = urlsplit(uri).port
    assert port
    return port


def sync(folder: Path, *arguments: str, **settings: str) -> tuple[int, str]:
    """Run `jupyter-utils sync` in another shell, with the spool of this test."""
    env = servers.environment(folder, JUPYTER_UTILS_SPOOL_DIR=str(own_spool().path), **settings)
    done = servers.run(["sync", *arguments], env, folder)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", USER)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)


def told(monkeypatch: pytest.MonkeyPatch, uri: str, store: str) -> None:
    """Be in a notebook of a lab with this MLflow, which asks for a password."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    (variable,) = LabStore(uri, store, login_digest(USER, PASSWORD)).variable().items()
    monkeypatch.setenv(*variable)


def test_a_second_lab_on_the_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for one store, and a new call for it, goes to no other on its port, but where the first is now."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    port = str(servers.free_port())
    with servers.mlflow(tmp_path / "first", MLFLOW_PORT=port) as first:
        uri, store = first.mlflow_url, identity_of(first.mlflow_url)
        assert save(uri).is_stored
        assert store[:12] in first.output
        key = first.store_dir / "mlflow.db.identity"
        assert key.stat().st_mode & 0o777 == 0o600
    assert not save(uri).is_stored
    with servers.mlflow(tmp_path / "second", MLFLOW_PORT=port) as second:
        other = identity_of(uri)
        assert len({store, other, ""}) == 3
        held = save(uri)
        assert not held.is_stored
        for part in (store[:12], other[:12], "nothing was sent there", "sync --allow"):
            assert part in held.warnings[-1]
        with pytest.raises(errors.LoadError, match="is meant, so nothing was sent there"):
            jupyter_utils.load_mlflow("0" * 32, mlf_uri=uri)
        code, said = sync(tmp_path)
        assert code == 1
        assert said.count(f"is for the store {store[:12]}, but at {uri} the store {other[:12]} answers") == 2
        assert store[:12] in sync(tmp_path, "--list")[1]
        assert MlflowClient(uri).get_experiment_by_name("stores") is None
        with servers.mlflow(tmp_path / "first") as moved:
            assert identity_of(moved.mlflow_url) == store
            # In a shell that knows of no address: the running server has announced its store.
            done = servers.run(["sync"], moved.env | {"JUPYTER_UTILS_SPOOL_DIR": str(own_spool().path)}, tmp_path)
            assert done.returncode == 0, done.stdout + done.stderr
            assert len(runs_by_entry(moved, "stores")) == 3
        # The first is given up: the user says so, and from then on the second is the right one.
        monkeypatch.setenv("JUPYTER_UTILS_SPOOL_DIR", str(own_spool().path))
        assert not save(uri).is_stored
        code, said = sync(tmp_path, "--allow")
        assert code == 0, said
        assert save(uri).is_stored
        assert len(runs_by_entry(second, "stores")) == 2


def replayed(server: str) -> Reply:
    recorded = requests.get(f"{server}{PATH}{new_nonce()}", timeout=60).content
    return 200, {"Content-Type": "application/json"}, recorded


@pytest.mark.parametrize("kind", ["everything", "replay", "redirect", "unknown", "needs login"])
@pytest.mark.usefixtures("login")
def test_a_fake_server(kind: str, mlflow_server: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that listens in the server's place gets neither run nor password: it is asked who it is, and no more."""
    real = mlflow_server.mlflow_url
    recorded = replayed(real)

    def reply(request: Request) -> Reply:
        if "/identity/" in request.path:
            return {
                "replay": recorded,
                "redirect": (307, {"Location": real + request.path}, b""),
                "unknown": (404, {}, b""),
                "needs login": (401, {"WWW-Authenticate": "Basic"}, b""),
            }.get(kind, (200, {}, b"{}"))
        return everything(request)

    with listener(reply) as fake:
        told(monkeypatch, fake.url, identity_of(real))
        result = save(fake.url, params={"secret": "geheim"}, dataset={"a.txt": "geheim"})
        assert not result.is_stored
        assert [one.store for one in own_spool().waiting()] == [identity_of(real)]
        assert deliver_waiting(own_spool()).sent == {}
        with pytest.raises(errors.JupyterUtilsError):
            jupyter_utils.load_mlflow("0" * 32)
        assert fake.logins == set()
        assert [one for one in fake.seen if b"geheim" in one.body] == []
        if kind != "redirect":  # of that nobody can say who it is, and MLflow's own client looks
            assert fake.told == []


def save_through(proxy: Listener, **arguments: Any) -> jupyter_utils.SaveResult:
    return save(proxy.url, params={"a": 1}, dataset={f"{n}.txt": "x" for n in range(10)}, **arguments)


@pytest.mark.usefixtures("login")
def test_a_login_is_for_one_server(mlflow_server: Started, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment's goes to its MLFLOW_TRACKING_URI alone; that of an address, or of MLflow's file, to others.

    It never goes along with the question who is there.
    """
    port = port_of(mlflow_server.mlflow_url)
    monkeypatch.setenv("HOME", str(tmp_path))
    with listener(handed_on(port)) as here, listener(handed_on(port)) as there:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", here.url)
        result = save_through(there)
        assert result.is_stored
        jupyter_utils.load_mlflow(str(result.run_id), mlf_uri=there.url)
        assert there.logins == set()
        result = save_through(here)
        run = jupyter_utils.load_mlflow(str(result.run_id))
        assert (run.params, run.dataset["1.txt"]) == ({"a": "1"}, "x")
        assert {one.headers.get("authorization") for one in here.told} == {LOGIN}
        assert {one.headers.get("authorization") for one in here.seen if one.is_question} == {None}
        (tmp_path / ".mlflow").mkdir()
        (tmp_path / ".mlflow/credentials").write_text(
            "[mlflow]\nmlflow_tracking_username=me\nmlflow_tracking_password=mine\n"
        )
        assert save_through(there).is_stored
        assert there.logins == {"Basic " + base64.b64encode(b"me:mine").decode()}
        there.seen.clear()
        assert save(there.url.replace("//", "//you:yours@"), dataset={"a.txt": "x"}).is_stored
        assert there.logins == {"Basic " + base64.b64encode(b"you:yours").decode()}
        assert {one.headers.get("authorization") for one in there.seen if one.is_question} == {None}


@pytest.mark.usefixtures("login")
def test_a_labs_login_is_for_its_store(mlflow_server: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a notebook names another server by MLFLOW_TRACKING_URI; a login of its own is for that one."""
    port, store = port_of(mlflow_server.mlflow_url), identity_of(mlflow_server.mlflow_url)
    with listener(handed_on(port)) as own, listener(handed_on(port)) as other:
        told(monkeypatch, own.url, store)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", other.url)
        assert save_through(other).is_stored
        assert other.logins == set()
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "another")
        assert save_through(other).is_stored
        assert other.logins == {"Basic " + base64.b64encode(f"{USER}:another".encode()).decode()}
        # No other way there: its own server knows the lab's login only.
        assert save(own.url).is_stored
        assert own.logins == set()


@pytest.mark.usefixtures("login")
def test_a_store_that_is_known_does_not_get_another_ones_login(
    mlflow_server: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that runs wait for, on the port of the lab's own: the runs would take the lab's password along."""
    with listener(handed_on(port_of(mlflow_server.mlflow_url))) as known:
        entry = save("http://127.0.0.1:9").entry
        assert entry
        raw = json.loads((entry / "entry.json").read_text())
        changed = {"uri": known.url, "store": identity_of(mlflow_server.mlflow_url)}
        (entry / "entry.json").write_text(json.dumps(raw | changed))
        told(monkeypatch, known.url, "00" * 32)
        (held,) = deliver_waiting(own_spool()).unsent.values()
        assert isinstance(held, errors.OtherStoreError)
        assert known.told == []
        allowed = Round(KnownStores(own_spool().path), consent=lambda _problem: True)
        assert list(deliver_waiting(own_spool(), servers=allowed).sent) == [entry.name]
        assert known.logins == set()


def test_no_login_follows_a_redirect(mlflow_server: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that leads elsewhere is named with the place, and the run is kept."""
    with listener(everything) as goal:
        with listener(lambda request: (307, {"Location": goal.url + request.path}, b"")) as moved:
            monkeypatch.setenv("MLFLOW_TRACKING_URI", moved.url)
            result = save(moved.url.replace("//", "//me:geheim@"), dataset={"a.txt": "x"})
        assert goal.logins == moved.logins == set()
        assert goal.told == []
    assert not result.is_stored
    assert f"leads to {goal.url}: name the address of the server itself" in result.warnings[-1]
    assert mlflow_server


def test_a_plain_mlflow(mlflow_server: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """One without identity is said to have none, once; runs that wait go into the experiment that they were for."""
    port, client = port_of(mlflow_server.mlflow_url), MlflowClient(mlflow_server.mlflow_url)
    monkeypatch.setattr("jupyter_utils.tracking.retry._ATTEMPTS", 1)

    def failing(request: Request) -> Reply:
        return (503, {}, b"") if "/runs/create" in request.path else plain(port)(request)

    with listener(plain(port)) as proxy:
        first = jupyter_utils.save_mlflow("plain", do_commit=False, mlf_uri=proxy.url)
        assert "has no identity" in first.warnings[-1]
        assert jupyter_utils.save_mlflow("plain", do_commit=False, mlf_uri=proxy.url).warnings == first.warnings[:-1]
        proxy.reply = failing
        waits = jupyter_utils.save_mlflow("plain", do_commit=False, mlf_uri=proxy.url).entry
        assert waits
        proxy.reply = plain(port)
        client.rename_experiment(str(first.experiment_id), "plain before")
        (problem,) = deliver_waiting(own_spool()).unsent.values()
        assert "lacks its experiment 'plain'" in str(problem)
        client.create_experiment("plain")
        (problem,) = deliver_waiting(own_spool()).unsent.values()
        assert "another one of that name" in str(problem)
        client.rename_experiment(client.get_experiment_by_name("plain").experiment_id, "plain other")
        client.rename_experiment(str(first.experiment_id), "plain")
        assert list(deliver_waiting(own_spool()).sent) == [waits.name]
        # One that gets an identity is the same server; one that loses it may be anybody's.
        proxy.reply = handed_on(port)
        assert jupyter_utils.save_mlflow("plain", do_commit=False, mlf_uri=proxy.url).is_stored
        proxy.reply = plain(port)
        lost = jupyter_utils.save_mlflow("plain", do_commit=False, mlf_uri=proxy.url)
        assert "is an MLflow without identity, but the store" in lost.warnings[-1]


def test_another_name_of_the_same_server(mlflow_server: Started, tmp_path: Path) -> None:
    """In a container a server has another name than outside: it is the same store all the same."""
    entry = save("http://127.0.0.1:9").entry
    assert entry
    file = entry / "entry.json"
    changed = {"uri": "http://mlflow.invalid:15000", "store": identity_of(mlflow_server.mlflow_url)}
    file.write_text(json.dumps(json.loads(file.read_text()) | changed))
    assert deliver_waiting(own_spool()).sent == {}
    code, said = sync(tmp_path, MLFLOW_TRACKING_URI=mlflow_server.mlflow_url)
    assert code == 0, said
    assert entry.name in runs_by_entry(mlflow_server, "stores")


def test_a_store_that_is_gone(mlflow_server: Started, tmp_path: Path) -> None:
    """What waits for it can be sent to another address, when the user names that."""
    entry = save("http://127.0.0.1:9").entry
    assert entry
    code, said = sync(tmp_path, "--to", mlflow_server.mlflow_url)
    assert code == 0, said
    assert entry.name in runs_by_entry(mlflow_server, "stores")


@pytest.mark.parametrize("answer", ["y", "n"])
def test_the_question(answer: str, mlflow_server: Started, tmp_path: Path) -> None:
    """In a terminal `sync` asks once for all that are alike, before anything is sent."""
    names = []
    for _ in range(2):
        entry = save("http://127.0.0.1:9").entry
        assert entry
        names.append(entry.name)
        raw = json.loads((entry / "entry.json").read_text()) | {"uri": mlflow_server.mlflow_url, "format": 2}
        (entry / "entry.json").write_text(
            json.dumps({name: value for name, value in raw.items() if name not in {"store", "experiment"}})
        )
    env = servers.environment(tmp_path, JUPYTER_UTILS_SPOOL_DIR=str(own_spool().path))
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_utils", "sync"],
        env=env, cwd=tmp_path, stdin=theirs, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    os.close(ours)
    os.close(theirs)
    assert done.stdout.count("Send it there, and others that are alike?") == 1, done.stdout + done.stderr
    assert done.returncode == (0 if answer == "y" else 1)
    stored = runs_by_entry(mlflow_server, "stores")
    assert [name in stored for name in names] == [answer == "y"] * 2
    # What was allowed is known from then on.
    known = KnownStores(own_spool().path).meant(mlflow_server.mlflow_url)
    assert known == ((identity_of(mlflow_server.mlflow_url),) if answer == "y" else ())
