"""Which front ends are connected to a kernel: `save_mlflow` waits for the one that runs the cell, while it is there."""

from __future__ import annotations

from typing import Any

from jupyter_server.base.handlers import APIHandler
from tornado import web


class Clients(APIHandler):
    """Answers with the sessions of a kernel's websockets, by which its messages name who sent them."""

    @web.authenticated
    def get(self, kernel: str) -> None:
        """Answer with `{"clients": [...]}`; 404 for another server's kernel, and where our websockets do not tell."""
        # Not public, but the one place that knows: the number of connections says nothing of whose they are.
        kept: dict[str, Any] | None = getattr(
            self.settings["kernel_websocket_connection_class"], "_open_sessions", None
        )
        if kept is None or kernel not in self.kernel_manager:
            raise web.HTTPError(404)
        mine = (key.partition(":") for key in list(kept))
        self.finish({"clients": [session for one, _, session in mine if one == kernel]})
