"""A Git repository served over HTTP, as a researcher's group would have one."""

from __future__ import annotations

import contextlib
import functools
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AUTHOR = ("-c", "user.name=Group", "-c", "user.email=group@example.org")


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder; its output without spaces around."""
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def bare_repository(folder: Path, name: str, files: dict[str, str]) -> Path:
    """Make a bare repository `NAME.git` whose branch `main` has one commit with these files."""
    work = folder / name
    work.mkdir(parents=True)
    git(work, "init", "--quiet", "--initial-branch=main")
    for path, text in files.items():
        (work / path).write_text(text, encoding="utf-8")
    git(work, "add", "--all")
    git(work, *AUTHOR, "commit", "--quiet", "--message=Begin")
    git(folder, "clone", "--quiet", "--bare", name, f"{name}.git")
    bare = folder / f"{name}.git"
    git(bare, "update-server-info")  # what a client needs of a server that only hands out files
    return bare


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve the repositories in `folder` on one of this machine's addresses; it comes without a slash at the end."""
    server = ThreadingHTTPServer((host, 0), functools.partial(_Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
