"""The proof that a client and this server have the artifact store's folder in common.

    GET /api/2.0/mlflow-artifacts/jupyter-utils/proof/NAME

The client has put a file of random content into the incoming folder, and gets its digest: never a file's content, and
of no other file.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from jupyter_utils.entries.entry import INCOMING
from jupyter_utils.entries.proof import LENGTH, NAME, PATH, proof
from jupyter_utils.machine.urls import local_folder
from jupyter_utils.machine.variables import given

from .checks import OK, answer, own_name, refused

_NOT_FOUND = 404


class SharedDisk:
    """MLflow's application (ASGI), with that one request more."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        name = own_name(scope, "GET", PATH)
        if name is None or not NAME.fullmatch(name):
            await self._app(scope, receive, send)
            return
        if status := await refused(self._app, scope):
            await answer(send, status)
            return
        digest = await asyncio.to_thread(_digest, name)
        await answer(send, OK if digest else _NOT_FOUND, digest.encode())


def _digest(name: str) -> str:
    folder = local_folder(given("MLFLOW_ARTIFACTS_DESTINATION"))
    if folder is None:
        return ""
    try:
        file = os.open(Path(folder, INCOMING, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    with os.fdopen(file, "rb") as opened:
        content = opened.read(LENGTH + 1)
    return proof(content) if len(content) == LENGTH else ""
