"""Uploads handed on in larger pieces than the network brings them in.

uvicorn hands a request's body on in pieces of 64 to 256 kB. For each of them MLflow's application runs through all its
layers and then hands the piece to another thread, which writes it.
"""

from __future__ import annotations

from typing import Any

from .limits import Held

SIZE = 2**20
"""Bytes that are handed on together, at least, but for the end of a body."""


class LargePieces:
    """An application (ASGI) whose uploads come in large pieces."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] == "PUT":
            held = Held()
            try:
                await self._app(scope, _Joined(receive, held), send)
            finally:
                held.release()
            return
        await self._app(scope, receive, send)


class _Joined:
    def __init__(self, receive: Any, held: Held) -> None:
        self._receive = receive
        self._held = held
        self._after: Any = None

    async def __call__(self) -> Any:
        if self._after is not None:
            message, self._after = self._after, None
            return message
        message = await self._receive()
        self._held.release()
        # Where memory is short, pieces are handed on as they come.
        if not message.get("more_body") or not self._held.add(2 * SIZE):
            return message
        pieces, size = [], 0
        while True:
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            if size >= SIZE or not message.get("more_body"):
                break
            message = await self._receive()
            if message["type"] != "http.request":  # the client has gone: first what it has sent
                self._after, message = message, {"more_body": True}
                break
        return {"type": "http.request", "body": b"".join(pieces), "more_body": message.get("more_body", False)}
