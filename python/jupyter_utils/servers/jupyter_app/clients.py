"""Which front ends are connected to a kernel: `save_mlflow` waits for the one that runs the cell, while it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from jupyter_utils.notebook.sessions import CLIENTS_PATH

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


class Clients(APIHandler):
    """Answers with the sessions of a kernel's websockets, by which its messages name who sent them."""

    @web.authenticated
    def get(self, kernel: str) -> None:
        """Answer with `{"clients": [...]}`; 404 where this server's websockets do not tell."""
        # Not public, but the one place that knows: the number of connections says nothing of whose they are.
        kept: dict[str, Any] | None = getattr(
            self.settings["kernel_websocket_connection_class"], "_open_sessions", None
        )
        if kept is None:
            raise web.HTTPError(404)
        mine = (key.partition(":") for key in list(kept))
        self.finish({"clients": [session for one, _, session in mine if one == kernel]})


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    pattern = url_path_join(server.base_url, CLIENTS_PATH, r"(?P<kernel>[\w-]+)")
    server.web_app.add_handlers(".*$", [(pattern, Clients)])
