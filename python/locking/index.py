"""The index that the machine's pip is configured for, told to Poetry.

Poetry reads no pip.conf and asks PyPI for JSON that a mirror need not have; as a source of its own an index has to
offer nothing but the simple pages (PEP 503). Addresses and credentials stay in the temporary folder.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from . import LockError, say

if TYPE_CHECKING:
    from .tools import Tools

# pip itself says what its files, its variables and their order of precedence come to.
ASK_PIP = """
import json
from pip._internal.commands import create_command
options = create_command("install").parser.get_default_values()
names = ("index_url", "extra_index_urls", "no_index", "trusted_hosts", "cert", "client_cert", "proxy")
print(json.dumps({name: getattr(options, name) for name in names}))
"""


@dataclass(frozen=True)
class Source:
    """One index."""

    address: str
    username: str
    password: str

    @classmethod
    def of(cls, url: str) -> Source:
        """Return the parts of an address that may hold credentials."""
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        address = urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
        return cls(address, unquote(parts.username or ""), unquote(parts.password or ""))

    @property
    def name(self) -> str:
        """Return a name of its own: what Poetry remembers of a source it remembers under its name."""
        return f"index-{hashlib.sha256(self.address.encode()).hexdigest()[:12]}"


class Index:
    """Where packages come from, and how the way there is secured."""

    def __init__(self, options: dict[str, Any]) -> None:
        if options["no_index"]:
            raise LockError("pip is configured with no-index; locking needs one: PIP_NO_INDEX=0 PIP_INDEX_URL=ADDRESS")
        self.options = options
        self.sources = [Source.of(options["index_url"]), *map(Source.of, options["extra_index_urls"] or [])]
        if not is_web(self.sources[0]):
            raise LockError(f"pip's index {self.sources[0].address} is none that Poetry reads: http or https is needed")
        for source in self.sources[1:]:
            if not is_web(source):
                say(f"left out, since Poetry reads http and https only: {source.address}")
        self.sources = list(filter(is_web, self.sources))

    @classmethod
    def of_pip(cls, tools: Tools) -> Index:
        """Ask pip."""
        return cls(json.loads(tools.python("-c", ASK_PIP)))

    def wishes(self) -> str:
        """Return the lines of a pyproject.toml; a further index is asked for what the first one lacks."""
        return "".join(
            f'\n[[tool.poetry.source]]\nname = "{source.name}"\nurl = {json.dumps(source.address)}\n'
            f'priority = "{"primary" if source is self.sources[0] else "supplemental"}"\n'
            for source in self.sources
        )

    def configure(self, folder: Path) -> dict[str, str]:
        """Write Poetry's own configuration; return the environment that it is run with."""
        folder.mkdir(mode=0o700)
        lines = ["keyring.enabled = false", "virtualenvs.create = false", "requests.max-retries = 3"]
        for source in self.sources:
            lines += self.settings(source)
        (folder / "config.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        proxy = self.options["proxy"]
        environment = {"POETRY_CONFIG_DIR": str(folder), **authorities(self.options["cert"])}
        return environment | ({"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy} if proxy else {})

    def settings(self, source: Source) -> list[str]:
        """Return what Poetry is to know of one index."""
        lines = []
        if source.username or source.password:
            lines += [f"http-basic.{source.name}.username = {json.dumps(source.username)}"]
            lines += [f"http-basic.{source.name}.password = {json.dumps(source.password)}"]
        if trusted(source, self.options["trusted_hosts"] or []):
            lines += [f"certificates.{source.name}.cert = false"]
        if self.options["client_cert"]:
            lines += [f"certificates.{source.name}.client-cert = {json.dumps(self.options['client_cert'])}"]
        return lines


def authorities(cert: str | None) -> dict[str, str]:
    """Return whom Poetry is to trust: pip trusts whom the machine trusts, Poetry by itself a list of its own."""
    if not cert and {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} & os.environ.keys():
        return {}
    places = (cert, os.environ.get("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt")
    found = next((place for place in places if place and Path(place).exists()), None)
    return {"REQUESTS_CA_BUNDLE": found} if found else {}


def is_web(source: Source) -> bool:
    """Whether Poetry can read it."""
    return source.address.startswith(("http://", "https://"))


def trusted(source: Source, hosts: list[str]) -> bool:
    """Whether pip asks this host for no certificate."""
    parts = urlsplit(source.address)
    return parts.netloc in hosts or parts.hostname in hosts
