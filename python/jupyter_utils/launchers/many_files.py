"""Many small files of one run in one request, which MLflow's own interface takes one by one at 2 to 4 ms each.

    POST /api/2.0/mlflow-artifacts/jupyter-utils/EXPERIMENT/RUN/artifacts

The body is a line of JSON, [{"path": ..., "size": ..., "sha256": ...}, ...], and then the files' contents one after the
other. The first file goes through MLflow's application as if it had been sent alone, with the request's own headers:
what that refuses (host, user, permission, run) is refused for all, and MLflow judges all artifacts of a run alike.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import posixpath
import re
from typing import Any
from urllib.parse import quote

from jupyter_utils.variables import given

PATH = "/api/2.0/mlflow-artifacts/jupyter-utils/"
LIMIT = 32 * 2**20
"""Bytes of one request, which is held in memory."""
_OWN = "/api/2.0/mlflow-artifacts/artifacts/"
_RUN = re.compile(r"[0-9]+/[0-9a-f]{32}/artifacts")
_OF_BODY = {b"content-length", b"content-type", b"transfer-encoding"}
_OK, _BAD, _TOO_LARGE, _CANNOT = 200, 400, 413, 501


class _Refusal(Exception):  # noqa: N818 - an answer, no error of this program
    def __init__(self, status: int) -> None:
        self.status = status


class ManyFiles:
    """MLflow's application (ASGI), with that one request more."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        run = scope.get("path", "").removeprefix(PATH)
        if scope["type"] != "http" or scope["method"] != "POST" or not _RUN.fullmatch(run):
            await self._app(scope, receive, send)
            return
        try:
            await self._take(run, scope, receive)
            status = _OK
        except _Refusal as refusal:
            status = refusal.status
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def _take(self, run: str, scope: Any, receive: Any) -> None:
        files = _parse(await _read(receive))
        store = _local_store()
        for name, _ in files:
            _check_name(run, name)
        first, content = files[0]
        await self._put(scope, f"{run}/{first}", content)
        await asyncio.to_thread(_write, store, run, files[1:])

    async def _put(self, scope: Any, name: str, content: bytes) -> None:
        """Send one file through MLflow's application; raises what it answers, if that is a refusal."""
        headers = [(key, value) for key, value in scope["headers"] if key not in _OF_BODY]
        headers.append((b"content-length", str(len(content)).encode()))
        inner = scope | {
            "method": "PUT",
            "path": _OWN + name,
            "raw_path": quote(_OWN + name).encode(),
            "query_string": b"",
            "headers": headers,
        }
        status = 500

        async def receive() -> Any:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)

        await self._app(inner, receive, send)
        if status != _OK:
            raise _Refusal(status)


async def _read(receive: Any) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":  # the client has gone
            raise _Refusal(_BAD)
        body += message.get("body", b"")
        if len(body) > LIMIT:
            raise _Refusal(_TOO_LARGE)
        if not message.get("more_body"):
            return bytes(body)


def _parse(body: bytes) -> list[tuple[str, bytes]]:
    """Cut a request's body into the files; one that is not whole, or not as it was sent, is refused."""
    head, _, rest = body.partition(b"\n")
    files = []
    try:
        for one in json.loads(head):
            content, rest = rest[: one["size"]], rest[one["size"] :]
            if len(content) != one["size"] or hashlib.sha256(content).hexdigest() != one["sha256"]:
                raise _Refusal(_BAD)
            files.append((str(one["path"]), content))
    except (ValueError, TypeError, KeyError):
        raise _Refusal(_BAD) from None
    if rest or not files:
        raise _Refusal(_BAD)
    return files


def _local_store() -> Any:
    from mlflow.server.handlers import _get_artifact_repo_mlflow_artifacts  # noqa: PLC0415
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository  # noqa: PLC0415

    store = _get_artifact_repo_mlflow_artifacts()  # type: ignore[no-untyped-call]
    # A bucket takes them one by one anyway; workspaces would move the paths.
    if not isinstance(store, LocalArtifactRepository) or given("MLFLOW_ENABLE_WORKSPACES") == "true":
        raise _Refusal(_CANNOT)
    return store


def _check_name(run: str, name: str) -> None:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415
    from mlflow.utils.uri import validate_path_is_safe  # noqa: PLC0415

    try:
        path = f"{run}/{name}"
        safe = validate_path_is_safe(path)  # type: ignore[no-untyped-call]
        if safe != path or posixpath.normpath(path) != path:
            raise _Refusal(_BAD)
    except MlflowException:
        raise _Refusal(_BAD) from None


def _write(store: Any, run: str, files: list[tuple[str, bytes]]) -> None:
    for name, content in files:
        folder, file = posixpath.split(f"{run}/{name}")
        store.log_artifact_from_stream(io.BytesIO(content), file, folder)
