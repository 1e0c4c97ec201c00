"""Web servers that answer in odd ways: what stands at an address where an MLflow was expected, on a bad day."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

from faults import content_length, read_head

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEALTHY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK"


def answer(status: str, body: bytes, kind: str = "text/html", *, length: int | None = None) -> bytes:
    """Make a whole answer; `length` may lie."""
    size = len(body) if length is None else length
    return b"HTTP/1.1 %b\r\nContent-Type: %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (
        status.encode(),
        kind.encode(),
        size,
        body,
    )


ANSWERS = {
    "a page": answer("200 OK", b"<html>Please log in to the network</html>"),
    "a page that is not there": answer("404 Not Found", b"<html>nginx</html>"),
    "half of a JSON": answer("200 OK", b'{"experiment": {"experiment_id": "1", "na', "application/json"),
    "a JSON cut short": answer("200 OK", b'{"experiment": {"exp', "application/json", length=5000),
    "a JSON of something else": answer("200 OK", b"[1, 2]", "application/json"),
    "503": answer("503 Service Unavailable", b"down"),
    "500": answer("500 Internal Server Error", b'{"error_code": "INTERNAL_ERROR", "message": "x"}', "application/json"),
    "a proxy that asks for a password": answer("407 Proxy Authentication Required", b"<html>proxy</html>"),
    "nothing": b"",
}


@contextlib.contextmanager
def answering(serve: Callable[[socket.socket, bytes], None]) -> Iterator[str]:
    """Run a server on a free port; `serve` gets each connection and its request's head. Gives the address."""

    def handle(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            head, body = read_head(client)
            while len(body) < content_length(head) and (more := client.recv(65536)):
                body += more
            serve(client, head)

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=handle, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def odd(content: bytes) -> Iterator[str]:
    """Run a server that is healthy, and answers every other question with this."""
    with answering(lambda client, head: client.sendall(HEALTHY if b"/health" in head else content)) as url:
        yield url


@contextlib.contextmanager
def dribbling(pause: float) -> Iterator[str]:
    """Run a server that is healthy, and answers every other question byte by byte, for ever."""

    def serve(client: socket.socket, head: bytes) -> None:
        if b"/health" in head:
            client.sendall(HEALTHY)
            return
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{")
        while True:
            time.sleep(pause)
            client.sendall(b" ")

    with answering(serve) as url:
        yield url


@contextlib.contextmanager
def silent() -> Iterator[int]:
    """Listen on a port, and never say anything; gives the port."""
    with answering(lambda _client, _head: time.sleep(600)) as url:
        yield int(url.rpartition(":")[2])
