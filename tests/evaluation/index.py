"""A package index that serves files of the store, as slowly as a test wants, and remembers what was taken."""

from __future__ import annotations

import contextlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 1 << 14


class Index(ThreadingHTTPServer):
    """Serves `entries` of the lock at `address`."""

    daemon_threads = True

    def __init__(self, entries: list[dict[str, Any]]) -> None:
        """Listen on a free port of this machine."""
        super().__init__(("127.0.0.1", 0), Answer)
        self.files = {entry["file"]: Path(entry["path"]) for entry in entries}
        self.projects: dict[str, list[str]] = {}
        for entry in entries:
            self.projects.setdefault(entry["name"], []).append(entry["file"])
        self.pause = 0.0
        self.taken: list[str] = []

    @property
    def address(self) -> str:
        """The setting PIP_INDEX_URL."""
        return f"http://127.0.0.1:{self.server_port}/simple"


class Answer(BaseHTTPRequestHandler):
    """PEP 503, as far as pip needs it."""

    server: Index

    def do_GET(self) -> None:
        """Serve the page of a project, or a file."""
        kind, name = unquote(self.path).strip("/").split("/", 1)
        if kind == "simple" and name in self.server.projects:
            links = "".join(f'<a href="/files/{file}">{file}</a>' for file in self.server.projects[name])
            self.send("text/html", f"<!DOCTYPE html><html><body>{links}</body></html>".encode())
        elif kind == "files" and name in self.server.files:
            self.send("application/octet-stream", self.server.files[name].read_bytes(), self.server.pause)
            self.server.taken.append(name)
        else:
            self.send_error(404)

    def send(self, kind: str, content: bytes, pause: float = 0) -> None:
        """Answer piece by piece."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        for start in range(0, len(content), PIECE):
            time.sleep(pause)
            self.wfile.write(content[start : start + PIECE])

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serving(entries: list[dict[str, Any]]) -> Iterator[Index]:
    """Run an index."""
    with Index(entries) as index:
        threading.Thread(target=index.serve_forever, daemon=True).start()
        yield index
        index.shutdown()
