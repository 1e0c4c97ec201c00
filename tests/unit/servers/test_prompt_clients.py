"""Clients that do not get to the point, on real connections of uvicorn's."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from jupyter_utils.servers.mlflow_app.prompt import PromptProtocol

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 1.5
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Hurried(PromptProtocol):
    """The same, in less time."""

    seconds = SECONDS


async def slow(scope: Any, receive: Any, send: Any) -> None:
    """Answer after longer than clients have for their headers."""
    import asyncio

    assert scope["type"] == "http"
    await receive()
    await asyncio.sleep(3 * SECONDS)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """Run a server; where it listens."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(slow, http=Hurried, lifespan="off", log_level="error"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    yield listening.getsockname()[:2]
    server.should_exit = True
    thread.join()


def until_cut(connection: socket.socket) -> bytes:
    """Return all that comes until the server closes the connection."""
    connection.settimeout(20)
    said = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(4096):
            said += piece
    return said


@pytest.mark.parametrize("begun", [b"", b"G", REQUEST[:-2]])
def test_a_client_that_falls_silent_before_its_headers_end(address: tuple[str, int], begun: bytes) -> None:
    """Is cut, whether it has begun or not."""
    with socket.create_connection(address) as connection:
        connection.sendall(begun)
        assert until_cut(connection) == b""


def test_a_client_that_sends_a_header_now_and_then(address: tuple[str, int]) -> None:
    """Is cut as well: the time is for all of them."""
    with socket.create_connection(address) as connection:
        connection.sendall(REQUEST[:-2])
        number = 0
        with contextlib.suppress(ConnectionError):
            for number in range(200):
                connection.sendall(f"X-{number}: a\r\n".encode())
                time.sleep(SECONDS / 5)
        assert number < 199


def test_a_further_request_on_a_connection(address: tuple[str, int]) -> None:
    """Has the same time, and one that is answered slowly is not cut."""
    with socket.create_connection(address) as connection:
        connection.sendall(REQUEST)
        said = b""
        while not said.endswith(b"ok"):
            piece = connection.recv(4096)
            assert piece, said
            said += piece
        assert said.startswith(b"HTTP/1.1 200")
        connection.sendall(REQUEST[:-2])
        assert until_cut(connection) == b""


def test_requests_that_come_together(address: tuple[str, int]) -> None:
    """Both are answered."""
    with socket.create_connection(address) as connection:
        connection.sendall(REQUEST + REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert until_cut(connection).count(b"200 OK") == 2
