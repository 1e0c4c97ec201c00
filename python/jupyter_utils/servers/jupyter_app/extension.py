"""Our extension of Jupyter's server: what kernels ask it, and what it tells the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from jupyter_server.utils import url_path_join

from jupyter_utils.machine.variables import given
from jupyter_utils.notebook.sessions import CLIENTS_PATH, OUTPUTS_PATH
from jupyter_utils.servers.door import addresses

from .clients import Clients
from .contents import Contents
from .first_run import FirstRun
from .notebook_runs import NotebookRuns
from .outputs.support import missing
from .pairings import missing_formats
from .static_files import use_own_static_files
from .terminals import use_own_handler

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

_OF_PAGE = {"jupyter-utils/first-run": FirstRun, "jupyter-utils/notebook-runs": NotebookRuns}
_KEEP = "JUPYTER_UTILS_KEEP_OUTPUTS"


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _link_jupyter_server_extension(server: ServerApp) -> None:
    use_own_handler()  # before the terminals' own extension is loaded
    use_own_static_files(server)


def _load_jupyter_server_extension(server: ServerApp) -> None:
    pattern = url_path_join(server.base_url, CLIENTS_PATH, r"(?P<kernel>[\w-]+)")
    # What our extension of the page asks for.
    own = [(url_path_join(server.base_url, path), kind) for path, kind in _OF_PAGE.items()]
    server.web_app.add_handlers(".*$", [(pattern, Clients), *own, *addresses.handlers(server.base_url)])
    _keep_outputs(server)
    # Read by our extension of the page.
    server.web_app.settings.setdefault("page_config_data", {})["jupyterUtilsMissingFormats"] = missing_formats()


def _keep_outputs(server: ServerApp) -> None:
    """Keep the outputs that come while no page is there.

    Not where another contents manager or websocket is set, nor in a Jupyter server that lacks what this builds on: the
    log says so, and all else is as it was.
    """
    if given(_KEEP) == "off":
        return
    if why := _hindrance(server):
        server.log.warning("Outputs that come while no page is there are not kept: %s.", why)
        return
    from .outputs.connection import Connection
    from .outputs.handlers import ForKernel, ForPage
    from .outputs.keeping import Keeping

    settings = server.web_app.settings
    Connection.keeping = Keeping(server, cast("Contents", server.contents_manager))
    # The one for the websockets, the other for the server's end.
    settings["kernel_websocket_connection_class"] = server.kernel_websocket_connection_class = Connection
    pattern = url_path_join(server.base_url, OUTPUTS_PATH, r"(?P<kernel>[\w-]+)")
    server.web_app.add_handlers(".*$", [(pattern, ForPage), (f"{pattern}/write", ForKernel)])
    settings.setdefault("page_config_data", {})["jupyterUtilsKeepsOutputs"] = True


def _hindrance(server: ServerApp) -> str:
    used = server.web_app.settings["kernel_websocket_connection_class"]
    if not isinstance(server.contents_manager, Contents):
        return "another contents manager is set"
    try:
        from .outputs.connection import Connection
    except ImportError as error:
        return f"this Jupyter server is another one ({error})"
    if not issubclass(Connection, used):
        return f"another class of websockets is set ({used.__name__})"
    names = missing(used, server.kernel_manager)
    return f"this Jupyter server has no {', '.join(names)}" if names else ""
