"""Debian's archives on this machine: a mirror and a snapshot service of a few packages, which tell what was asked."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MOMENT = "20261126T141446Z"
CONTENTS = {f"p{number}": f"package {number}".encode() * 1000 for number in range(6)}


def file_of(package: str) -> str:
    """Return the pinned file of a package: the last one is a security update."""
    if package == "p5":
        return "debian-security/pool/updates/main/p/p5/p5_1_amd64.deb"
    return f"debian/pool/main/p/{package}/{package}_1_amd64.deb"


def pin(**changes: Any) -> dict[str, Any]:
    """Make a pin of these packages."""
    packages = {
        name: {
            "version": "1",
            "file": file_of(name),
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        for name, content in CONTENTS.items()
    }
    given = {"suite": "bookworm", "include": ["p1"], "epoch": 1, "moment": MOMENT, "sha256": "sha256-" + "A" * 43 + "="}
    return {**given, "packages": packages, **changes}


class Archive:
    """A server of files by their path; what it lacks it answers with 404.

    Attributes:
        files: path -> content.
        asked: (method, path) of each request.
        refuses: methods that it answers with that code.
        login: what it wants to be told, if anything.

    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.refuses: dict[str, int] = {}
        self.login: str | None = None
        self.address = ""

    def got(self, method: str = "GET") -> list[str]:
        """Return the names of the files that were asked for in this way."""
        return sorted(path.rpartition("/")[2] for one, path in self.asked if one == method)

    def answer(self, method: str, path: str, login: str | None) -> tuple[int, bytes]:
        """Return the code and the content."""
        self.asked.append((method, path))
        if method in self.refuses:
            return self.refuses[method], b""
        if login != self.login:
            return 401, b""
        return (200, self.files[path]) if path in self.files else (404, b"")


@contextlib.contextmanager
def served(prefixes: dict[str, str]) -> Iterator[Archive]:
    """Serve all packages; `prefixes` says where each archive is."""
    archive = Archive()
    for name, content in CONTENTS.items():
        place, _, path = file_of(name).partition("/")
        archive.files[f"{prefixes[place]}/{path}"] = content

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code, content = archive.answer(self.command, self.path, self.headers["Authorization"])
            self.send_response(code)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815 - so it is called

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    archive.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield archive
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
