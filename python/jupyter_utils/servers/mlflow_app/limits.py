"""What requests may take of this process: memory, each and in all, and time in which a client sends nothing."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from .checks import answer

LARGEST = 64 * 2**20
"""Bytes that one request may make this process hold."""
TOTAL = 256 * 2**20
"""Bytes of requests that are held in memory at once."""
SILENCE = 60.0
"""Seconds for which a client may send nothing of a request that it has begun."""
_TIMEOUT, _TOO_LARGE, _BUSY = 408, 413, 503
_STREAMED = re.compile(r".*/api/2\.0/mlflow-artifacts/artifacts/.+|.*/ajax-api/2\.0/mlflow-artifacts/artifacts/.+")


class Held:
    """Bytes that one request holds, out of those of all."""

    in_all = 0

    def __init__(self) -> None:
        self.size = 0

    def add(self, size: int) -> bool:
        """Hold more; False where all requests together would hold too much."""
        if Held.in_all + size > TOTAL:
            return False
        self.size += size
        Held.in_all += size
        return True

    def release(self) -> None:
        """Hold nothing any more."""
        Held.in_all -= self.size
        self.size = 0


class _SilentError(Exception):
    """A client has sent nothing for too long."""


class Silence:
    """An application (ASGI) whose clients must go on sending what they have begun."""

    def __init__(self, app: Any, seconds: float = SILENCE) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        whole = started = False

        async def hear() -> Any:
            nonlocal whole
            if whole:  # now it waits for the client to go, however long that takes
                return await receive()
            try:
                # Not wait_for, which makes a task for each of an upload's thousands of pieces.
                async with asyncio.timeout(self._seconds):
                    message = await receive()
            except TimeoutError:
                raise _SilentError from None
            whole = not message.get("more_body")
            return message

        async def say(message: Any) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, hear, say)
        except* _SilentError:
            if not started:
                await answer(send, _TIMEOUT, close=True)


class Bounded:
    """An application (ASGI) that gets the body of a request whole, and none that is too large.

    MLflow's endpoints collect the bodies that they are sent, however large they are and however many at once. Its
    uploads of artifacts alone are handed on as they come.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        if scope["type"] != "http" or is_upload(scope):
            await self._app(scope, receive, send)
            return
        held = Held()
        try:
            body = await _whole(receive, held, _announced(scope))
            if isinstance(body, bytes):
                await self._app(scope, _Replayed(body, receive), send)
            elif body is not None:
                await answer(send, body, close=True)
        finally:
            held.release()


def is_upload(scope: Any) -> bool:
    """Return whether a request brings an artifact, which is never held as a whole."""
    return scope["method"] == "PUT" and bool(_STREAMED.fullmatch(scope["path"]))


def _announced(scope: Any) -> int:
    sizes = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(sizes[0]) if sizes and sizes[0].isdigit() else 0


async def _whole(receive: Any, held: Held, announced: int) -> bytes | int | None:
    """Return the body, or the status with which it is refused; None where the client has gone."""
    pieces: list[bytes] = []
    if announced > LARGEST:
        return _TOO_LARGE
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        piece = message.get("body", b"")
        if held.size + len(piece) > LARGEST:
            return _TOO_LARGE
        if not held.add(len(piece)):
            return _BUSY
        pieces.append(piece)
        if not message.get("more_body"):
            return b"".join(pieces)


class _Replayed:
    """A body that is there already, and then what the client does after it."""

    def __init__(self, body: bytes, receive: Any) -> None:
        self._message: Any = {"type": "http.request", "body": body, "more_body": False}
        self._receive = receive

    async def __call__(self) -> Any:
        message, self._message = self._message, None
        return message or await self._receive()
