"""What MLflow's pages ask of its server, streamed both ways."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from tornado import web
from tornado.iostream import StreamClosedError

from jupyter_utils.machine.urls import is_at, said

from .exchange import Exchange
from .handler import BAD_GATEWAY, FORBIDDEN, NOT_FOUND, DoorHandler
from .headers import answered, asked
from .paths import is_mlflows, without_login

if TYPE_CHECKING:
    import aiohttp

_OK, _UNAUTHORIZED = 200, 401
_NO_LIMIT = 2**50
"""Bytes of a body; what MLflow takes is up to MLflow."""
_COMPRESSED = 2**20
"""Bytes up to which an answer may be compressed on its way: larger ones would hold the whole lab up."""


@web.stream_request_body
class Proxy(DoorHandler):
    """Hands a request on to MLflow, with the lab's login."""

    _exchange: Exchange | None = None
    _has_gone = False

    async def prepare(self) -> None:  # type: ignore[override]
        """Begin to send the request, once it is known who asks; the body comes afterwards."""
        await super().prepare()
        if self._finished:
            return
        path = self.request.path[len(self.door) :]
        if not is_mlflows(path):
            raise web.HTTPError(NOT_FOUND)
        if self.is_foreign():
            raise web.HTTPError(FORBIDDEN, "another web site asks: open MLflow from JupyterLab")
        self.request.connection.set_max_body_size(_NO_LIMIT)  # type: ignore[union-attr]
        headers = self.request.headers
        has_body = "Transfer-Encoding" in headers or headers.get("Content-Length", "0") != "0"
        self._exchange = Exchange(lambda body: self._ask(path, body), self._is_renewed, has_body=has_body)

    async def _ask(self, path: str, body: Any) -> aiohttp.ClientResponse:
        import yarl

        query = without_login(self.request.query)
        url = f"{self.upstream.uri}/{path}{'?' if query else ''}{query}"
        session = self.upstream.session()
        # A first connection proves whom it leads to, and only then is a login known to be for it.
        await self.upstream.known()
        return await session.request(
            self.request.method or "GET",
            yarl.URL(url, encoded=True),
            headers=asked(dict(self.request.headers.get_all())) | self.upstream.login(),
            data=body,
            allow_redirects=False,
        )

    async def _is_renewed(self, answer: aiohttp.ClientResponse) -> bool:
        """Return whether an answer refuses a login in place of which the lab has another now."""
        refused = answer.request_info.headers.get("Authorization")
        return answer.status == _UNAUTHORIZED and await self.upstream.renewed(refused)

    async def data_received(self, chunk: bytes) -> None:
        """Hand a piece of the body on, as fast as MLflow takes it."""
        if self._exchange is not None:
            await self._exchange.put(chunk)

    def on_connection_close(self) -> None:
        """Let MLflow know that the browser has gone."""
        self._has_gone = True
        if self._exchange is not None:
            self._exchange.cancel()

    async def _pass(self, *_: str) -> None:
        if self._exchange is None:
            return
        import aiohttp

        await self._exchange.end()
        try:
            answer = await self._exchange.answer()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self.say_down(said(error))
            return
        except asyncio.CancelledError:  # the browser has gone
            return
        async with answer:
            await self._pass_back(answer)

    async def _pass_back(self, answer: aiohttp.ClientResponse) -> None:
        if answer.status == _UNAUTHORIZED:
            self.say_refused()
            return
        if (place := answer.headers.get("Location")) and not self._lead_back(str(answer.url), place):
            self.say(BAD_GATEWAY, "MLflow leads elsewhere.", "Its server's answer leads out of MLflow; not followed.")
            return
        self.set_status(answer.status, answer.reason)
        for name, value in answered(answer.headers.items()):
            self.set_header(name, value)
        length = answer.content_length
        if answer.status != _OK or length is None or length > _COMPRESSED:
            self._transforms = []
        await self._pass_body(answer)

    async def _pass_body(self, answer: aiohttp.ClientResponse) -> None:
        import aiohttp

        try:
            async for piece in answer.content.iter_any():
                self.write(piece)
                await self.flush()
        except StreamClosedError:  # the browser has gone
            answer.close()
        except (aiohttp.ClientError, OSError) as error:
            if self._has_gone:
                return
            self.log.warning("MLflow broke off in the middle of an answer: %s", said(error))
            self.request.connection.close()  # type: ignore[union-attr]  # half of an answer must not look whole

    def _lead_back(self, asked_at: str, place: str) -> bool:
        """Turn a redirect of MLflow's into one of the door's; False where it leads out of MLflow."""
        target = urljoin(asked_at, place)
        if not is_at(target, self.upstream.uri):
            return False
        rest = urlsplit(target)
        path = rest.path[len(urlsplit(self.upstream.uri).path) :].lstrip("/")
        self.set_header("Location", f"{self.door}{path}{'?' if rest.query else ''}{rest.query}")
        return True

    get = head = post = put = patch = delete = _pass
