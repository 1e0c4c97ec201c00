"""A proxy between client and server that breaks requests in the ways of real networks, as a seeded generator says."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FAULTS = (
    "drop",  # closed before a byte was read
    "reset",  # reset (RST) with the request half forwarded
    "cut request",  # closed after some bytes of the request
    "cut answer",  # the server did its work, but the answer ends half-way
    "lost answer",  # the server did its work, and nothing comes back
    "5xx",  # a gateway answers 503 in the server's place
    "late 5xx",  # a gateway answers 502 although the server did its work
    "wrong length",  # the server is told of fewer bytes than are sent
    "longer",  # the server is told of more bytes than are sent
    "delay",  # the answer comes after the client has given up
    "slow",  # everything comes in small pieces
)
_PIECE = 65536


@dataclass
class Proxy:
    """Forwards one request per connection to a port of this machine.

    Attributes:
        target: that port.
        rate: share of requests that meet a fault.
        seed: of the generator that chooses them.
        delay: seconds of a delayed answer.
        port: where it listens.
        injected: how often each fault was met.

    """

    target: int
    rate: float
    seed: int
    delay: float = 1.5
    port: int = 0
    injected: Counter[str] = field(default_factory=Counter)
    _random: random.Random = field(default_factory=random.Random)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def choose(self) -> str | None:
        with self._lock:
            if self._random.random() >= self.rate:
                return None
            fault = self._random.choice(FAULTS)
            self.injected[fault] += 1
            return fault

    def fraction(self) -> float:
        with self._lock:
            return self._random.random()

    def serve(self, client: socket.socket) -> None:
        """Forward one request, or what its fault leaves of it."""
        with client, contextlib.suppress(OSError):
            client.settimeout(30)
            fault = self.choose()
            if fault == "drop":
                return
            head, body = read_head(client)
            if not head:
                return
            length = content_length(head)
            while len(body) < length and (more := client.recv(_PIECE)):
                body += more
            if fault == "5xx":
                client.sendall(
                    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndown"
                )
                return
            answer = self.ask(changed(head, body, fault, self.fraction()), fault)
            self.answer(client, answer, fault)

    def ask(self, request: bytes, fault: str | None) -> bytes:
        with socket.create_connection(("127.0.0.1", self.target), timeout=30) as server:
            if fault in {"reset", "cut request"}:
                server.sendall(request[: int(len(request) * self.fraction())])
                return b""
            for start in range(0, len(request), _PIECE):
                server.sendall(request[start : start + _PIECE])
                time.sleep(0.01 if fault == "slow" else 0)
            if fault == "longer":  # the rest never comes
                server.shutdown(socket.SHUT_WR)
            answer = bytearray()
            while more := server.recv(_PIECE):
                answer += more
            return bytes(answer)

    def answer(self, client: socket.socket, answer: bytes, fault: str | None) -> None:
        if fault == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif fault == "late 5xx":
            client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        elif fault == "cut answer":
            client.sendall(answer[: int(len(answer) * self.fraction())])
        elif fault == "delay":
            time.sleep(self.delay)
            client.sendall(answer)
        elif fault == "slow":
            for start in range(0, len(answer), max(1, len(answer) // 5)):
                client.sendall(answer[start : start + max(1, len(answer) // 5)])
                time.sleep(0.01)
        elif fault not in {"lost answer", "cut request"}:
            client.sendall(answer)


def read_head(client: socket.socket) -> tuple[bytes, bytes]:
    """Read up to the end of the headers, and what came with them of the body."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = client.recv(_PIECE)
        if not more:
            return b"", b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    return head, body


def content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


def changed(head: bytes, body: bytes, fault: str | None, fraction: float) -> bytes:
    """Give the request as the server gets it: the connection ends with it, and its length may be a lie."""
    length = len(body)
    if fault == "wrong length":
        length = int(len(body) * fraction)
        body = body[:length]
    elif fault == "longer":
        length += 1 + int(1000 * fraction)
    lines = [
        line
        for line in head.split(b"\r\n")
        if line.partition(b":")[0].strip().lower() not in {b"content-length", b"connection"}
    ]
    lines += [b"Connection: close"] + ([b"Content-Length: %d" % length] if body or length else [])
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@contextlib.contextmanager
def proxy(target: int, rate: float, seed: int, delay: float = 1.5) -> Iterator[Proxy]:
    """Run a proxy in front of a port of this machine."""
    running = Proxy(target, rate, seed, delay)
    running._random.seed(seed)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        running.port = listener.getsockname()[1]

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=running.serve, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield running
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
