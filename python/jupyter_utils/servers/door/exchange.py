"""One request on its way to MLflow, and the answer on its way back, neither of which is ever held whole."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import aiohttp

PIECES = 4
"""Pieces of a body (64 KiB each) that wait until MLflow takes them; the browser waits as well then."""
REPEATED = 2**20
"""Bytes of a body up to which it is kept, so that it can be sent again; what MLflow's pages send is far smaller."""


class Exchange:
    """A request that is being sent.

    Args:
        ask: sends it: is given the body and awaits the answer.
        again: is given an answer, and returns whether the request is to be sent a second time.
        has_body: whether one comes, by `put` and at last `end`.
    """

    def __init__(
        self,
        ask: Callable[[Any], Awaitable[aiohttp.ClientResponse]],
        again: Callable[[aiohttp.ClientResponse], Awaitable[bool]],
        *,
        has_body: bool,
    ) -> None:
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue(PIECES)
        self._taken: list[bytes] | None = []
        self._size = 0
        self._answer = asyncio.ensure_future(self._ask(ask, again, has_body=has_body))
        self._answer.add_done_callback(self._let_go)

    async def put(self, piece: bytes) -> None:
        """Hand a piece of the body on; one that MLflow will not read any more is dropped."""
        if not self._answer.done():
            await self._pieces.put(piece)

    async def end(self) -> None:
        """Say that the body is complete."""
        await self.put(b"")

    async def answer(self) -> aiohttp.ClientResponse:
        """Wait for the head of the answer."""
        return await self._answer

    def cancel(self) -> None:
        """Break the connection off: MLflow sees that nobody wants the answer."""
        self._answer.cancel()
        if self._answer.done() and not self._answer.cancelled() and self._answer.exception() is None:
            self._answer.result().close()

    async def _ask(
        self,
        ask: Callable[[Any], Awaitable[aiohttp.ClientResponse]],
        again: Callable[[aiohttp.ClientResponse], Awaitable[bool]],
        *,
        has_body: bool,
    ) -> aiohttp.ClientResponse:
        answer = await ask(self._body() if has_body else None)
        # Asked of a large body as well: it cannot be sent again from here, but whoever sends it anew gets through.
        if not await again(answer) or self._taken is None:
            return answer
        answer.close()
        return await ask(self._body() if has_body else None)

    async def _body(self) -> AsyncIterator[bytes]:
        for piece in self._taken or ():
            if not piece:
                return
            yield piece
        while True:
            piece = await self._pieces.get()
            self._size += len(piece)
            if self._taken is not None:
                self._taken = [*self._taken, piece] if self._size <= REPEATED else None
            if not piece:
                return
            yield piece

    def _let_go(self, _: Any) -> None:
        # Whoever waits to put a piece would otherwise wait for ever.
        while not self._pieces.empty():
            self._pieces.get_nowait()
