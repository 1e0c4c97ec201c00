"""Where MLflow's pages show the runs of one notebook: an address of the door, found when somebody asks."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from jupyter_utils.entries.stores import KnownStores
from jupyter_utils.errors import JupyterUtilsError
from jupyter_utils.machine.pages import filtered_page
from jupyter_utils.machine.urls import said, without_credentials
from jupyter_utils.runs.destination import check
from jupyter_utils.servers.door.paths import DOOR
from jupyter_utils.spool import own_spool
from jupyter_utils.tracking import tracking_uri
from jupyter_utils.tracking.search import NOTEBOOK_TAG, compared, search

if TYPE_CHECKING:
    from collections.abc import Sequence

_NEWEST = 200
"""Of how many runs the experiments are looked at."""


class NotebookRuns(APIHandler):
    """Answers with `{"page": ...}`, a path below the lab's address; `null` where the notebook has no runs."""

    auth_resource = "contents"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer about the notebook that `path` names, below the file browser's root; 502 where MLflow has no answer."""
        notebook = Path(self.settings["server_root_dir"]).expanduser() / self.get_query_argument("path").lstrip("/")
        try:
            experiments = await asyncio.to_thread(_experiments, str(notebook))
        except JupyterUtilsError as error:
            raise web.HTTPError(502, said(error)) from error
        wanted = f"tags.`{NOTEBOOK_TAG}` {compared(str(notebook))}"
        found = filtered_page(self.base_url + DOOR, experiments, wanted) if experiments else None
        self.finish(json.dumps({"page": found}))


def _experiments(notebook: str) -> list[str]:
    """Return the ids of the experiments that hold the notebook's runs, the one of its newest run first."""
    uri = tracking_uri(None)
    answer = check(uri, KnownStores(own_spool().path))
    if answer.down:
        raise JupyterUtilsError(f"The MLflow server at {without_credentials(uri)} {answer.down}.")
    runs: Sequence[Any] = search(uri, notebook=notebook, limit=_NEWEST).runs
    return list(dict.fromkeys(str(run.info.experiment_id) for run in runs))
