"""Whether the disk of the artifact store can hold certain names, and tells them apart.

    POST /api/2.0/mlflow-artifacts/jupyter-utils/names

The body is a list of names, the answer a list of pairs: a name that the disk takes for an earlier one, and that one;
or a name that it cannot hold, and null. Nothing of a run's is looked at: the names are tried in a folder of their own.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.entries.entry import INCOMING
from jupyter_utils.entries.names import LIMIT, PATH
from jupyter_utils.machine.disk_names import confused
from jupyter_utils.machine.urls import local_folder
from jupyter_utils.machine.variables import given

from .checks import OK, answer, own_name, refused

_BYTES = 2**20
_BAD, _TOO_LARGE, _CANNOT = 400, 413, 501


class DiskNames:
    """MLflow's application (ASGI), with that one request more."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        if own_name(scope, "POST", PATH) != "":
            await self._app(scope, receive, send)
            return
        if status := await refused(self._app, scope):
            await answer(send, status, close=True)
            return
        body = bytearray()
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message["type"] == "http.request" and bool(message.get("more_body"))
            if len(body) > _BYTES:
                await answer(send, _TOO_LARGE, close=True)
                return
        said, found = await asyncio.to_thread(_ask, bytes(body))
        await answer(send, said, json.dumps(found).encode() if said == OK else b"")


def _ask(body: bytes) -> tuple[int, list[tuple[str, str | None]]]:
    folder = local_folder(given("MLFLOW_ARTIFACTS_DESTINATION"))
    if folder is None:  # a bucket tells all names apart
        return OK, []
    try:
        names = json.loads(body)
    except (ValueError, RecursionError):
        return _BAD, []
    if not isinstance(names, list) or len(names) > LIMIT or not all(map(_is_name, names)):
        return _BAD, []
    try:
        place = Path(folder, INCOMING)
        place.mkdir(exist_ok=True)
        return OK, confused(place, names)
    except OSError:
        return _CANNOT, []


def _is_name(name: object) -> bool:
    """Return whether a name stays in its folder."""
    return (
        isinstance(name, str)
        and "\\" not in name
        and adapter.is_safe_path(name)
        and not any(part in {"", ".", ".."} for part in name.split("/"))
    )
