"""Our extension of Jupyter's server: what kernels ask it, and what it tells the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_server.utils import url_path_join

from jupyter_utils.notebook.sessions import CLIENTS_PATH
from jupyter_utils.servers.door import addresses

from .clients import Clients
from .pairings import missing_formats

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    pattern = url_path_join(server.base_url, CLIENTS_PATH, r"(?P<kernel>[\w-]+)")
    server.web_app.add_handlers(".*$", [(pattern, Clients), *addresses.handlers(server.base_url)])
    # Read by our extension of the page.
    server.web_app.settings.setdefault("page_config_data", {})["jupyterUtilsMissingFormats"] = missing_formats()
