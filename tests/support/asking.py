"""A server that asks for a password, which may change, and a socket that tells one as systemd's units do."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from jupyter_utils.entries.identity import PATH, identity, proof
from jupyter_utils.machine.lab_store import VARIABLE, LabStore, login_digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

KEY = "11" * 32


@dataclass
class Asking:
    """The server: it lets `admin` in with `password`, and keeps what it was sent by those; or it leads elsewhere."""

    uri: str = ""
    password: str = "first"
    bodies: list[bytes] = field(default_factory=list)
    refused: int = 0
    leads_to: tuple[int, str] | None = None

    @property
    def header(self) -> str:
        return "Basic " + base64.b64encode(f"admin:{self.password}".encode()).decode()


@contextlib.contextmanager
def asking() -> Iterator[Asking]:
    """Run one that can prove to be the store with KEY."""
    state = Asking()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if self.path.startswith(PATH):
                self._give(200, proof(KEY, self.path.removeprefix(PATH)).encode())
            elif self.path == "/health":
                self._give(200, b"OK")
            elif state.leads_to:
                self._give(state.leads_to[0], b"", Location=state.leads_to[1])
            elif self.headers.get("Authorization") != state.header:
                state.refused += 1
                self._give(401, b"who are you?")
            else:
                state.bodies.append(body)
                self._give(200, json.dumps({"size": len(body)}).encode())

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 - names of http.server

        def _give(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        state.uri = f"http://127.0.0.1:{server.server_port}"
        yield state
        server.shutdown()


def in_a_lab(monkeypatch: pytest.MonkeyPatch, uri: str, file: Path | str, password: str = "") -> None:
    """Let this process be one of a lab that was started when this was MLflow's password, which lies in a file."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin" if password else "")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", password)
    monkeypatch.delenv("MLFLOW_TRACKING_TOKEN", raising=False)
    told = LabStore(uri, identity(KEY), login_digest("admin", password), "admin", str(file))
    monkeypatch.setenv(VARIABLE, told.variable()[VARIABLE])


@contextlib.contextmanager
def telling(path: Path, words: dict[str, str]) -> Iterator[None]:
    """Run a socket that tells `words["password"]` to whoever connects, and `words["address"]` that it is for."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        connection.sendall(f"{words['password']}\n{words.get('address', '')}\n".encode())

        threading.Thread(target=serve, daemon=True).start()
        yield
        listening.shutdown(socket.SHUT_RDWR)
