"""A password in an address stays where it was typed, whatever goes wrong on the way."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import jupyter_utils
import pytest
from jupyter_utils import errors
from jupyter_utils.machine.urls import mask, said, without_credentials
from jupyter_utils.spool import own_spool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Repo, Runs

PASSWORDS = ("geheim", "ge%40he%2Fim", "ge:he@im")
# What is not answered as the real server would, and how: a status, or what the connection meets.
FAULTS: dict[str, tuple[str, int | str]] = {
    "reset in a file": ("/mlflow-artifacts/", "reset"),
    "file too large": ("/mlflow-artifacts/", 413),
    "no login": ("/runs/log-batch", 401),
    "no login for files": ("/mlflow-artifacts/", 401),
    "values refused": ("/runs/log-batch", 400),
    "broken server": ("/runs/log-batch", 500),
    "broken store": ("/mlflow-artifacts/", 500),
    "experiment refused": ("/experiments/get-by-name", 403),
    "experiment broken": ("/experiments/get-by-name", 500),
    "reset at once": ("/experiments/get-by-name", "reset"),
    "unwell": ("/health", 503),
}


class Between(BaseHTTPRequestHandler):
    """Passes requests to the real server, but for some."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        where, what = self.server.fault  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if where in self.path and what == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        if where in self.path:
            status, content, kind = int(what), b'{"error_code": "X", "message": "no"}', "application/json"
        else:
            real = http.client.HTTPConnection("127.0.0.1", self.server.target, timeout=30)  # type: ignore[attr-defined]
            headers = {name: value for name, value in self.headers.items() if name not in {"Host", "Content-Length"}}
            real.request(self.command, self.path, body, headers)
            got = real.getresponse()
            status, content, kind = got.status, got.read(), got.getheader("Content-Type") or "text/plain"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
    setattr(Between, f"do_{method}", Between.answer)


@pytest.fixture
def between(runs: Runs) -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Between) as server:
        server.target = int(runs.uri.rpartition(":")[2])  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def told(repo: Repo, uri: str) -> str:
    """Save with an address, and give all that is shown, raised or kept of it."""
    try:
        result = jupyter_utils.save_mlflow(
            "secrets", dataset={"a.txt": "a"}, params={"a": 1}, notebook=repo.notebook, do_commit=False, mlf_uri=uri
        )
        shown = repr(result) + result._repr_html_()
    except errors.JupyterUtilsError as error:
        shown = "".join(traceback.format_exception(error))
    spool = own_spool()
    kept = [path.read_text(errors="replace") for path in spool.path.rglob("*.json")]
    return "\n".join([shown, *kept, *(str(one) for one in spool.waiting())])


def check_silent(text: str) -> None:
    # The test's own source lines stand in a traceback, but name no password.
    for secret in ("geheim", "he%2Fim", "he@im", "ge%40", "ge@he/im", "ge:he"):
        assert secret not in text, text


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_password_in_the_address(  # noqa: PLR0913, PLR0917 - fixtures
    fault: str, password: str, between: ThreadingHTTPServer, repo: Repo, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither card, error (its causes, too), spool nor the run's note hold it, whatever the server or network does."""
    monkeypatch.setattr("jupyter_utils.tracking.retry._ATTEMPTS", 2)
    monkeypatch.setattr("jupyter_utils.tracking.retry.FIRST_WAIT", 0)
    monkeypatch.setenv("JUPYTER_UTILS_LOCAL_ARTIFACTS", "off")
    between.fault = FAULTS[fault]  # type: ignore[attr-defined]
    text = told(repo, f"http://me:{password}@127.0.0.1:{between.server_port}")
    found = runs.client.get_experiment_by_name("secrets")
    for run in runs.client.search_runs([found.experiment_id]) if found else []:
        text += str(run.data.tags)
    check_silent(text)
    assert "127.0.0.1" in text


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_password_of_nobody(scheme: str, password: str, repo: Repo, between: ThreadingHTTPServer) -> None:
    """Nor where nobody listens, and where the other end speaks no TLS."""
    port = between.server_port if scheme == "https" else 9
    between.fault = ("nothing", 500)  # type: ignore[attr-defined]
    check_silent(told(repo, f"{scheme}://me:{password}@127.0.0.1:{port}"))


@pytest.mark.parametrize("password", ["geheim", "ge%40he%2Fim"])
def test_password_of_a_database(password: str, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor that of a database which cannot be reached."""
    monkeypatch.setattr("mlflow.store.db.utils.MAX_RETRY_COUNT", 2)
    check_silent(told(repo, f"postgresql://me:{password}@127.0.0.1:9/mlflow"))
    check_silent(told(repo, f"postgresql://127.0.0.1:9/mlflow?user=me&password={password}"))


@pytest.mark.parametrize("password", PASSWORDS)
def test_password_of_a_proxy(password: str, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor that of a proxy which does not answer."""
    monkeypatch.setenv("HTTP_PROXY", f"http://me:{password}@127.0.0.1:9")
    check_silent(told(repo, "http://mlflow.invalid:5000"))


@pytest.mark.parametrize(
    "text",
    [
        "413 for url: http://me:geheim@host:1/api/2.0",
        "HTTPError('http://me:geheim@host')",
        "see http://proxy/?next=http%3A%2F%2Fme%3Ageheim%40host%2F",
        "Failed to parse: http://me:ge/geheim@host/health",
        "Failed to parse: me:geheim@host",
        "Port could not be cast to integer value as 'geheim'",
        "postgresql+psycopg://me:ge%40geheim@db/mlflow",
        "postgresql://db/mlflow?user=me&password=geheim",
        "host=db user=me password=geheim dbname=mlflow",
        "https://bucket.example/x?X-Amz-Signature=geheim&X-Amz-Security-Token=geheim",
        "jdbc:sqlserver://db;password=geheim",
    ],
)
def test_mask(text: str) -> None:
    """Whatever form an address takes in an error's words, the password is hidden; the host is still told."""
    assert "geheim" not in mask(text)
    assert "geheim" not in said(ValueError(text))
    assert "geheim" not in without_credentials("http://me:ge:he/geheim@host")
