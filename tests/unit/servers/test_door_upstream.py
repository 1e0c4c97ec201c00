"""To whom the door gives the lab's login: to the lab's own MLflow, once that has proven who it is."""

from __future__ import annotations

import base64
import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from asking import asking, in_a_lab
from jupyter_utils.entries.identity import PATH, identity, proof
from jupyter_utils.machine.lab_store import VARIABLE, LabStore, login_digest
from jupyter_utils.servers.door.upstream import StrangerError, Upstream
from loops import finished as run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY, OTHER = "11" * 32, "22" * 32
LOGIN = "Basic " + base64.b64encode(b"admin:geheim").decode()


@contextlib.contextmanager
def mlflow(key: str, port: int = 0) -> Iterator[tuple[str, list[str]]]:
    """Serve an MLflow of the store with this key; also the logins that it was given."""
    logins: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            logins.append(self.headers.get("Authorization", ""))
            body = proof(key, self.path.removeprefix(PATH)) if self.path.startswith(PATH) else "3.17.2"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", logins
        server.shutdown()


def of_lab(monkeypatch: pytest.MonkeyPatch, uri: str, store: str) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "geheim")
    told = LabStore(uri, store, login_digest("admin", "geheim"))
    monkeypatch.setenv(VARIABLE, told.variable()[VARIABLE])


async def version() -> tuple[int, str]:
    upstream = Upstream()
    try:
        return await upstream.version()
    finally:
        await upstream.session().close()


def test_the_labs_own_mlflow_gets_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its proof, for which it gets none."""
    with mlflow(KEY) as (uri, logins):
        of_lab(monkeypatch, uri, identity(KEY))
        assert run(version()) == (200, "3.17.2")
    assert logins[-1] == LOGIN
    assert set(logins[:-1]) == {""}


def test_a_stranger_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever took the port since cannot prove to be the lab's store."""
    with mlflow(OTHER) as (uri, logins):
        of_lab(monkeypatch, uri, identity(KEY))
        with pytest.raises(StrangerError, match="nothing was sent"):
            run(version())
    assert set(logins) <= {""}


def test_an_mlflow_elsewhere_gets_what_was_set_for_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By the environment, a token, its address, or MLflow's own file, as MLflow's client has it."""
    for name in ("USERNAME", "PASSWORD", "TOKEN"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://m.example/team")
    assert Upstream().login() == {}
    (tmp_path / ".mlflow").mkdir()
    kept = "[mlflow]\nmlflow_tracking_username = admin\nmlflow_tracking_password = geheim\n"
    (tmp_path / ".mlflow" / "credentials").write_text(kept)
    assert Upstream().login() == {"Authorization": LOGIN}
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "abc")
    assert Upstream().login() == {"Authorization": "Bearer abc"}
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://admin:geheim@m.example/team")
    assert Upstream().login() == {"Authorization": LOGIN}
    assert Upstream().uri == "https://m.example/team"


@pytest.mark.parametrize("known", ["", "old"], ids=["asked since", "changed since"])
def test_a_password_is_found_anew(known: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Which MLflow asks for since the lab was started, or which was changed since; one that stays wrong is told."""
    (tmp_path / "password").write_text("first\n")
    with asking() as server:
        in_a_lab(monkeypatch, server.uri, tmp_path / "password", known)
        assert run(version())[0] == 200
        assert server.refused == 1
        server.password = "lost"
        assert run(version())[0] == 401
        assert str(tmp_path / "password") in Upstream().remedy


def test_whoever_answered_first_is_meant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A lab beside its MLflow is not told which store that serves; whoever takes the port later gets no login."""
    monkeypatch.setenv("JUPYTER_UTILS_SPOOL_DIR", str(tmp_path))
    with mlflow(KEY) as (uri, _):
        of_lab(monkeypatch, uri, "")
        run(version())
        port = int(uri.rpartition(":")[2])
    with mlflow(OTHER, port) as (_, logins), pytest.raises(OSError, match="nothing was sent"):
        run(version())
    assert set(logins) <= {""}
