"""A package index of this machine: packages made here, and beside them what the machine's own index has."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import os
import re
import ssl
import subprocess
import sys
import tarfile
import threading
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ASK_PIP = """
import json
from pip._internal.commands import create_command
options = create_command("install").parser.get_default_values()
print(json.dumps([options.index_url, options.cert]))
"""

# As the machine is configured; a test points PIP_INDEX_URL at an index of this file.
_ENVIRONMENT = dict(os.environ)


@dataclass
class PackageIndex:
    """What is offered and how.

    Attributes:
        json: whether it answers with the JSON of a release, as PyPI does, beside the simple pages.
        direct: whether its links have the form of PyPI's, by the BLAKE2b-256 of the content.
        login: name and password that it asks for; None lets everybody in.
        upstream: a pattern of the packages of which it hands on what the machine's own index says.
        files: file name -> content.
        asked: the paths that were asked for.
        held: packages whose page never comes.
        certificate: a PEM file of a key and its certificate, to speak TLS with.

    """

    json: bool = False
    direct: bool = False
    login: tuple[str, str] | None = None
    upstream: str = "setuptools|wheel|packaging"
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    certificate: Path | None = None
    port: int = 0

    @property
    def url(self) -> str:
        return f"http{'s' if self.certificate else ''}://127.0.0.1:{self.port}/simple"

    @property
    def url_with_login(self) -> str:
        name, password = self.login or ("", "")
        return f"http://{name}:{password}@127.0.0.1:{self.port}/simple"

    def add_wheel(
        self,
        name: str,
        version: str,
        *requires: str,
        tag: str = "py3-none-any",
        extras: str = "",
        python: str = ">=3.8",
    ) -> None:
        """Offer a wheel whose module says its version; `requires` are lines as of Requires-Dist."""
        module = name.replace("-", "_")
        info = f"{module}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: {python}\n"
        metadata += "".join(f"Provides-Extra: {extra}\n" for extra in extras.split())
        metadata += "".join(f"Requires-Dist: {line}\n" for line in requires)
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr(f"{module}.py", f'__version__ = "{version}"\n')
            archive.writestr(f"{info}/METADATA", metadata)
            archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
            archive.writestr(f"{info}/RECORD", f"{module}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
        self.files[f"{module}-{version}-{tag}.whl"] = content.getvalue()

    def add_source(self, name: str, version: str) -> None:
        """Offer a source distribution with a setup.py alone: to read its metadata, setuptools has to run."""
        script = f'from setuptools import setup\nsetup(name="{name}", version="{version}", py_modules=["{name}"])\n'
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as archive:
            for path, text in {"setup.py": script, f"{name}.py": f'__version__ = "{version}"\n'}.items():
                member = tarfile.TarInfo(f"{name}-{version}/{path}")
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
        self.files[f"{name}-{version}.tar.gz"] = content.getvalue()

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Return status, type and content."""
        parts = path.strip("/").split("/")
        if parts[0] in {"files", "packages"} and parts[-1] in self.files:
            return 200, "application/octet-stream", self.files[parts[-1]]
        if parts[0] == "simple" and len(parts) == 2:
            if page := self.page(parts[1]):
                return 200, "text/html", page.encode()
        elif parts[0] == "pypi" and self.json and (said := self.release(*parts[1:-1])):
            return 200, "application/json", json.dumps(said).encode()
        return 404, "text/plain", b"no such thing"

    def page(self, name: str) -> str | None:
        """Return a package's simple page, plain: no metadata beside the files."""
        own = [file for file in self.files if package_of(file) == name]
        if own:
            links = [(f"../../{self.place(file)}#sha256={sha256(self.files[file])}", file) for file in own]
            return "".join(f'<a href="{link}">{html.escape(file)}</a>\n' for link, file in links)
        return upstream_page(name) if re.fullmatch(self.upstream, name) else None

    def place(self, file: str) -> str:
        """Return where a file lies."""
        digest = hashlib.blake2b(self.files[file], digest_size=32).hexdigest()
        return f"packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{file}" if self.direct else f"files/{file}"

    def release(self, name: str, version: str = "") -> dict[str, object] | None:
        """Return a package's JSON as PyPI has it, or that of one version."""
        own = [file for file in self.files if package_of(file) == name and f"-{version}" in file]
        if not own:
            return None
        urls = [
            {"filename": file, "url": f"{self.url}/../files/{file}", "digests": {"sha256": sha256(self.files[file])}}
            for file in own
        ]
        return {"info": {"name": name, "version": version, "requires_dist": None}, "urls": urls}


def package_of(file: str) -> str:
    """Return the package of a file that is offered here."""
    return file.partition("-")[0].replace("_", "-")


def sha256(content: bytes) -> str:
    """Return a content's hash."""
    return hashlib.sha256(content).hexdigest()


@cache
def upstream_page(name: str) -> str | None:
    """Return what the index that pip is configured for says, with whole addresses."""
    command = [sys.executable, "-c", _ASK_PIP]
    asked = subprocess.run(command, env=_ENVIRONMENT, check=True, capture_output=True, text=True).stdout
    index, cert = json.loads(asked)
    url = f"{index.rstrip('/')}/{name}/"
    response = requests.get(url, headers={"Accept": "text/html"}, verify=cert or True, timeout=60)
    if not response.ok:
        return None
    links = re.findall(r'<a\s[^>]*?href="([^"]+)"[^>]*>([^<]+)</a>', response.text)
    return "".join(f'<a href="{urljoin(response.url, link)}">{file}</a>\n' for link, file in links)


def handler(index: PackageIndex) -> type[BaseHTTPRequestHandler]:
    """Return what answers for an index."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            index.asked.append(path)
            if path.strip("/").split("/")[-1] in index.held:
                threading.Event().wait()
            if index.login and self.headers["Authorization"] != basic(*index.login):
                return self.reply(401, "text/plain", b"who are you?")
            return self.reply(*index.answer(path))

        def do_HEAD(self) -> None:
            self.do_GET()

        def reply(self, status: int, kind: str, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="packages"')
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, *_words: object) -> None:
            pass

    return Handler


def basic(name: str, password: str) -> str:
    """Return the header of a login."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@contextmanager
def serving(index: PackageIndex) -> Iterator[PackageIndex]:
    """Serve an index on a port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(index))
    server.daemon_threads = True
    index.port = server.server_port
    if index.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(index.certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
