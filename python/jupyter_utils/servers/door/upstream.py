"""The MLflow server behind the door: the one that the lab's notebooks use, with their login."""

from __future__ import annotations

import asyncio
import base64
import configparser
import contextlib
import importlib
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from jupyter_utils.entries.identity import named
from jupyter_utils.entries.stores import KnownStores
from jupyter_utils.machine.addresses import is_loopback
from jupyter_utils.machine.kept_login import kept_login, renew_login
from jupyter_utils.machine.lab_store import has_login, lab_store, note_proven
from jupyter_utils.machine.urls import is_at, without_credentials
from jupyter_utils.machine.variables import given
from jupyter_utils.spool import own_spool
from jupyter_utils.tracking import tracking_uri
from jupyter_utils.tracking.identity import ask_living
from jupyter_utils.tracking.server import certificates, login_remedy

if TYPE_CHECKING:
    import aiohttp

_CONNECT_SECONDS, _ANSWER_SECONDS = 10.0, 20.0
_VERSION_LENGTH = 64
_UNAUTHORIZED = 401
_NAMELESS = ("",)
"""An MLflow that is none of this project's, and proves nothing."""
_CREDENTIALS = Path("~/.mlflow/credentials")


class StrangerError(ConnectionError):
    """Another server than the lab's answers at its address; nothing was sent to it."""


class Upstream:
    """Connections to MLflow; each is known to lead to the lab's own store before anything goes over it."""

    def __init__(self) -> None:
        self._address = tracking_uri(None)
        self._session: aiohttp.ClientSession | None = None
        self._first: tuple[str, ...] = ()

    @property
    def uri(self) -> str:
        """The server's address, without credentials."""
        return without_credentials(self._address)

    @property
    def remedy(self) -> str:
        """What helps where MLflow refuses the login."""
        remedy = login_remedy(self._address)
        return remedy if kept_login(self._address) else f"{remedy.rstrip('.')}, and start the lab again."

    def login(self) -> dict[str, str]:
        """Return the header that logs in, by what new notebooks of the lab have."""
        parts = urlsplit(self._address)
        username, password = unquote(parts.username or ""), unquote(parts.password or "")
        if not password and has_login(self.uri):
            username, password = given("MLFLOW_TRACKING_USERNAME"), given("MLFLOW_TRACKING_PASSWORD")
            if not password and (token := given("MLFLOW_TRACKING_TOKEN")):
                return {"Authorization": f"Bearer {token}"}
        if not password:
            username, password = _kept()
        if not password:
            return {}
        return {"Authorization": f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"}

    async def renewed(self, refused: str | None) -> bool:
        """Look for the lab's login where it lies, after MLflow has refused one; return whether it is another now.

        Args:
            refused: the header of that one.
        """
        await asyncio.to_thread(renew_login, self.uri)
        return self.login().get("Authorization", refused) != refused

    async def known(self) -> None:
        """Have the server prove who it is before a login goes there, where that has not been done yet.

        Raises:
            StrangerError: it is not the lab's.
        """
        if not has_login(self.uri):
            await self._prove()

    async def version(self) -> tuple[int, str]:
        """Ask for MLflow's version; also the status of the answer.

        Raises:
            OSError, aiohttp.ClientError, TimeoutError: nobody answered, or not the lab's MLflow.
        """
        # It takes a third of a second, in which the lab would stand still.
        await asyncio.to_thread(importlib.import_module, "aiohttp")
        await self.known()
        async with asyncio.timeout(_ANSWER_SECONDS):
            login = self.login()
            status, content = await self._version(login)
            if status == _UNAUTHORIZED and await self.renewed(login.get("Authorization")):
                status, content = await self._version(self.login())
        return status, content

    async def _version(self, login: dict[str, str]) -> tuple[int, str]:
        request = self.session().get(f"{self.uri}/version", headers=login, allow_redirects=False)
        async with request as answer:
            content = await answer.content.read(_VERSION_LENGTH)
        return answer.status, content.decode("utf-8", "replace").strip()

    def session(self) -> aiohttp.ClientSession:
        """Return the connections, made at the first request: a lab whose MLflow nobody looks at starts without."""
        if self._session is None:
            self._session = self._make()
        return self._session

    def _make(self) -> aiohttp.ClientSession:
        import aiohttp

        tracing = aiohttp.TraceConfig()
        tracing.on_connection_create_end.append(self._prove)
        return aiohttp.ClientSession(
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=0, ssl=_trusted()),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
            trace_configs=[tracing],
            trust_env=not is_loopback(urlsplit(self.uri).hostname),
        )

    async def _prove(self, *_: Any) -> None:
        """Ask who listens there, whenever there is a new connection: the lab's MLflow may have ended, and another come.

        Raises:
            StrangerError: it is not the lab's.
        """
        lab = lab_store()
        if lab is None or not is_at(self.uri, lab.uri):
            return
        # A lab beside its MLflow (services) is not told who that is: whoever answered first is meant from then on.
        known = KnownStores(own_spool().path)
        meant = (lab.identity,) if lab.identity else known.meant(self.uri) or self._first
        if meant == _NAMELESS:
            return
        answer = await asyncio.to_thread(ask_living, self.uri)
        note_proven(self.uri, answer.store)
        if not meant and not answer.down:
            self._first = (answer.store,)
            if answer.store:
                known.note(self.uri, answer.store)
        elif answer.store not in meant:
            remedy = (
                "" if lab.identity else ". If that is right, save a run and send it there: jupyter-utils sync --allow"
            )
            wrong = f"is {named(answer.store)}, but this lab's is {named(meant[0] if meant else '')}: nothing was sent"
            raise StrangerError(answer.down or f"{wrong}{remedy}")


def _kept() -> tuple[str, str]:
    """Return what MLflow's own client reads from its file of credentials."""
    parser = configparser.ConfigParser(interpolation=None)
    with contextlib.suppress(OSError, RuntimeError, configparser.Error, UnicodeDecodeError, KeyError):
        parser.read(_CREDENTIALS.expanduser(), encoding="utf-8")
        section = parser["mlflow"]
        return section["mlflow_tracking_username"], section["mlflow_tracking_password"]
    return "", ""


def _trusted() -> ssl.SSLContext | bool:
    verify = certificates()
    if verify is False:
        return False
    file = verify if isinstance(verify, str) else given("REQUESTS_CA_BUNDLE") or None
    return ssl.create_default_context(cafile=file)
