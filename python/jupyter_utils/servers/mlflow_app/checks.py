"""Requests of this package's own, judged by MLflow before anything of them is read: password, Host, Origin."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.machine.variables import given

OK = 200
OF_BODY = {b"content-length", b"content-type", b"transfer-encoding", b"expect"}
# Any user may ask it, it changes nothing, and as a POST it is refused to foreign pages.
_QUESTION = "/api/2.0/mlflow/experiments/search"
_BODY = b'{"max_results": 1}'


def own_name(scope: Any, method: str, path: str) -> str | None:
    """Return what follows an address of this package's own in a request for it; None for any other request."""
    start = given(adapter.STATIC_PREFIX) + path
    if scope["type"] != "http" or scope["method"] != method or not scope["path"].startswith(start):
        return None
    name: str = scope["path"][len(start) :]
    return name


async def ask(app: Any, scope: Any, method: str, path: str, body: bytes) -> int:
    """Send another request through MLflow's application with the headers of this one; return the answer's status."""
    headers = [(key, value) for key, value in scope["headers"] if key not in OF_BODY]
    headers += [(b"content-length", str(len(body)).encode())]
    headers += [(b"content-type", b"application/json")] if method == "POST" else []
    changed = {"method": method, "path": path, "raw_path": quote(path).encode(), "query_string": b""}
    status = 500

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(scope | changed | {"headers": headers}, receive, send)
    return status


async def refused(app: Any, scope: Any) -> int | None:
    """Return the status with which MLflow refuses whoever sends this request; None where it lets them in."""
    status = await ask(app, scope, "POST", given(adapter.STATIC_PREFIX) + _QUESTION, _BODY)
    return None if status == OK else status


async def answer(send: Any, status: int, body: bytes = b"", *, close: bool = False) -> None:
    """Answer a request."""
    headers = [(b"content-length", str(len(body)).encode()), *([(b"connection", b"close")] if close else [])]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
