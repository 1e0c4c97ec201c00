"""What pages and kernels ask of the kept outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_server.base.handlers import APIHandler
from tornado import web

from .connection import Connection

if TYPE_CHECKING:
    from .keeping import Keeping


class _Handler(APIHandler):
    @property
    def keeping(self) -> Keeping:
        return Connection.keeping


class ForPage(_Handler):
    """Gives a page the outputs that it does not show."""

    # A page that asks by itself is no activity: a server that is ended when nobody works is ended all the same.
    _track_activity = False

    @web.authenticated
    async def post(self, kernel: str) -> None:
        """Answer `{"client", "path", "known", "base"}` as `Keeping.offer` says."""
        asked: dict[str, Any] = self.get_json_body() or {}
        try:
            client, path, known = str(asked["client"]), str(asked["path"]).strip("/"), dict(asked["known"])
        except (KeyError, TypeError, ValueError) as error:
            raise web.HTTPError(400, "The body needs client, path and known.") from error
        self.finish(await self.keeping.offer(kernel, client, path, known, asked.get("base")))


class ForKernel(_Handler):
    """Writes outputs into the notebook for a cell that saves it."""

    @web.authenticated
    async def post(self, kernel: str) -> None:
        """Answer with `{"written": ..., "why": ...}`; 404 for a kernel that no notebook's page has used."""
        written = await self.keeping.write_now(kernel)
        if written is None:
            raise web.HTTPError(404)
        self.finish(written)
