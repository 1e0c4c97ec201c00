"""What requests may take of this process: memory in all, and time in which a client sends nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from .checks import answer

TOTAL = 256 * 2**20
"""Bytes of requests that are held in memory at once."""
SILENCE = 60.0
"""Seconds for which a client may send nothing of a request that it has begun."""
_TIMEOUT = 408


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
                message = await asyncio.wait_for(receive(), self._seconds)
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
