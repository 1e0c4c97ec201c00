"""Somebody on a port that an MLflow server should have: writes down every request, and answers as such a one may."""

from __future__ import annotations

import contextlib
import http.client
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import requests
from jupyter_utils.entries.identity import PATH, new_nonce, proven

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Reply = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Request:
    """A request as it came in; names of headers in small letters."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def is_question(self) -> bool:
        """Whether it only asks who is there."""
        return self.method == "GET" and not self.body and ("/health" in self.path or "/identity/" in self.path)


@dataclass
class Listener:
    """A listener; `reply` may be changed while it runs."""

    url: str
    reply: Callable[[Request], Reply]
    seen: list[Request] = field(default_factory=list)

    @property
    def logins(self) -> set[str]:
        """All logins that were sent to it."""
        return {one.headers["authorization"] for one in self.seen if "authorization" in one.headers}

    @property
    def told(self) -> list[Request]:
        """All requests that say more than a question who is there."""
        return [one for one in self.seen if not one.is_question]


def identity_of(uri: str) -> str:
    """Ask a server who it is; empty where it cannot prove it."""
    nonce = new_nonce()
    answer = requests.get(f"{uri}{PATH}{nonce}", timeout=60, proxies={"http": ""})
    return proven(answer.text, nonce)


def everything(_request: Request) -> Reply:
    """Answer 200 to everything."""
    return 200, {}, b"{}"


def plain(port: int) -> Callable[[Request], Reply]:
    """Answer as the MLflow server on a port of this machine, if it were one without an identity."""

    def reply(request: Request) -> Reply:
        if "/identity/" in request.path:
            return 404, {}, b""
        return handed_on(port)(request)

    return reply


def handed_on(port: int) -> Callable[[Request], Reply]:
    """Hand everything on to a port of this machine, as a proxy does."""

    def reply(request: Request) -> Reply:
        real = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {k: v for k, v in request.headers.items() if k not in {"host", "content-length", "connection"}}
        real.request(request.method, request.path, request.body, headers)
        got = real.getresponse()
        kind = got.getheader("Content-Type")
        return got.status, {"Content-Type": kind} if kind else {}, got.read()

    return reply


@contextlib.contextmanager
def listener(reply: Callable[[Request], Reply], port: int = 0) -> Iterator[Listener]:
    """Listen on a port of this machine for the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            if "chunked" in headers.get("transfer-encoding", ""):
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                headers.pop("transfer-encoding")
            request = Request(self.command, self.path, headers, body)
            running.seen.append(request)
            status, more, content = running.reply(request)
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.handle_one)
    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        running = Listener(f"http://127.0.0.1:{server.server_port}", reply)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield running
        finally:
            server.shutdown()
