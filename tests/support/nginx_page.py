"""nginx in front of a lab, by the lines of the page on several people; its port stands in for 443."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from documents import DOCS, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "taro.example.org"
PAGES = [DOCS / language / "several-people.md" for language in ("en", "ja")]
AUTHORITY = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={NAME}", "-days", "2"]
# What nginx.conf has around a site; all that nginx writes lies in its folder.
AROUND = """worker_processes 1;
pid nginx.pid;
error_log error.log;
daemon off;
events {{ }}
http {{
    access_log access.log;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
{site}
}}
"""


@dataclass(frozen=True)
class Nginx:
    """nginx that runs."""

    folder: Path
    port: int

    @property
    def certificate(self) -> Path:
        return self.folder / "lab.pem"

    @property
    def url(self) -> str:
        """The lab's address for those who find NAME at our port."""
        return f"https://{NAME}"

    @property
    def errors(self) -> str:
        return (self.folder / "error.log").read_text(encoding="utf-8")


def lines(page: Path) -> str:
    """Return the lines for nginx of a page."""
    (block,) = blocks(page, "nginx")
    return block.text


def program() -> str | None:
    """Find nginx, which Debian keeps out of a user's path."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def _instead(text: str, what: str, by: str) -> str:
    assert text.count(what) == 1, f"the page's lines have no {what!r}, or several"
    return text.replace(what, by)


@contextlib.contextmanager
def nginx(folder: Path, lab: int, site: str) -> Iterator[Nginx]:
    """Run nginx until the end of the block.

    Args:
        folder: gets all that it writes.
        lab: the port of the lab.
        site: the lines of the page, of which port and certificate are changed, and nothing else.
    """
    found = program()
    assert found
    folder.mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    key, certificate = folder / "lab.key", folder / "lab.pem"
    names = ["-addext", f"subjectAltName=DNS:{NAME}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*AUTHORITY, *names], check=True, capture_output=True)
    site = _instead(site, "listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;")
    site = _instead(site, "http://127.0.0.1:18081;", f"http://127.0.0.1:{lab};")
    site = _instead(site, "/etc/ssl/private/lab.pem;", f"{certificate};")
    site = _instead(site, "/etc/ssl/private/lab.key;", f"{key};")
    (folder / "nginx.conf").write_text(AROUND.format(site=re.sub("(?m)^", "    ", site)), encoding="utf-8")
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            [found, "-p", f"{folder}/", "-c", str(folder / "nginx.conf")], stdout=output, stderr=output
        )
        try:
            _wait(process, port, folder / "output.txt")
            yield Nginx(folder, port)
        finally:
            process.terminate()
            process.wait(30)


def _wait(process: subprocess.Popen[bytes], port: int, output: Path) -> None:
    for _ in range(100):
        assert process.poll() is None, output.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError(f"nginx does not listen: {output.read_text()}")
