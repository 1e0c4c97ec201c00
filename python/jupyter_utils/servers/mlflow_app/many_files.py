"""Many small files of one run in one request, which MLflow's own interface takes one by one at 2 to 4 ms each.

    POST /api/2.0/mlflow-artifacts/jupyter-utils/EXPERIMENT/RUN/artifacts

The body is a line of JSON, [{"path": ..., "size": ..., "sha256": ...}, ...], and then the files' contents one after the
other. Nothing is read of whom MLflow does not let in. Then the first file goes through MLflow's application as if it
had been sent alone, with the request's own headers: what that refuses (user, permission, run) is refused for all, and
MLflow judges all artifacts of a run alike.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import posixpath
import re
from typing import Any

from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.machine.variables import given

from .checks import OK, answer, ask, own_name, refused
from .limits import LARGEST, Held

PATH = "/api/2.0/mlflow-artifacts/jupyter-utils/"
LIMIT = LARGEST // 2
"""Bytes of one request, which is held in memory, its first file twice."""
_OWN = "/api/2.0/mlflow-artifacts/artifacts/"
_RUN = re.compile(r"[0-9]+/[0-9a-f]{32}/artifacts")
_HEAD = 4 * 2**20
"""Bytes of the first line, which is some 20,000 files."""
_BAD, _TOO_LARGE, _CANNOT, _BUSY = 400, 413, 501, 503


class _Refusal(Exception):  # noqa: N818 - an answer, no error of this program
    def __init__(self, status: int) -> None:
        self.status = status


class ManyFiles:
    """MLflow's application (ASGI), with that one request more."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        run = own_name(scope, "POST", PATH)
        if run is None or not _RUN.fullmatch(run):
            await self._app(scope, receive, send)
            return
        held = Held()
        try:
            await self._take(run, scope, receive, held)
            status = OK
        except _Refusal as refusal:
            status = refusal.status
        finally:
            held.release()
        await answer(send, status, close=status != OK)

    async def _take(self, run: str, scope: Any, receive: Any, held: Held) -> None:
        if status := await refused(self._app, scope):
            raise _Refusal(status)
        body = await _read(receive, held)
        # In a thread: this server has others to answer meanwhile.
        files = await asyncio.to_thread(_parse, body)
        store = _local_store()
        await asyncio.to_thread(_check_names, run, [name for name, _ in files])
        first, content = files[0]
        if not held.add(len(content)):
            raise _Refusal(_BUSY)
        if (status := await ask(self._app, scope, "PUT", f"{_OWN}{run}/{first}", bytes(content))) != OK:
            raise _Refusal(status)
        await asyncio.to_thread(_write, store, run, files[1:])


async def _read(receive: Any, held: Held) -> bytearray:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":  # the client has gone
            raise _Refusal(_BAD)
        piece = message.get("body", b"")
        if len(body) + len(piece) > LIMIT:
            raise _Refusal(_TOO_LARGE)
        if not held.add(len(piece)):
            raise _Refusal(_BUSY)
        body += piece
        if not message.get("more_body"):
            return body


def _parse(body: bytearray) -> list[tuple[str, memoryview]]:
    """Cut a request's body into the files, which share its memory; one that is not as it was sent is refused."""
    end = body.find(b"\n", 0, _HEAD)
    content, at = memoryview(body), end + 1
    files = []
    try:
        for one in json.loads(body[: max(end, 0)]):
            size = one["size"]
            if type(size) is not int or not 0 <= size <= len(content) - at:
                raise _Refusal(_BAD)
            piece, at = content[at : at + size], at + size
            if hashlib.sha256(piece).hexdigest() != one["sha256"]:
                raise _Refusal(_BAD)
            files.append((str(one["path"]), piece))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _Refusal(_BAD) from None
    if at != len(content) or not files:
        raise _Refusal(_BAD)
    return files


def _local_store() -> Any:
    store = adapter.served_folder()
    # A bucket takes them one by one anyway; workspaces would move the paths.
    if store is None or given("MLFLOW_ENABLE_WORKSPACES") == "true":
        raise _Refusal(_CANNOT)
    return store


def _check_names(run: str, names: list[str]) -> None:
    for path in (f"{run}/{name}" for name in names):
        if posixpath.normpath(path) != path or not adapter.is_safe_path(path):
            raise _Refusal(_BAD)


def _write(store: Any, run: str, files: list[tuple[str, memoryview]]) -> None:
    for name, content in files:
        folder, file = posixpath.split(f"{run}/{name}")
        store.log_artifact_from_stream(io.BytesIO(content), file, folder)
