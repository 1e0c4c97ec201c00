"""Connections whose clients must get to the point: uvicorn waits for the headers of a request for ever.

Once there are headers, `limits.Silence` goes on from there; between two requests uvicorn's own pause counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from .limits import SILENCE

if TYPE_CHECKING:
    import asyncio

PROTOCOL = f"{__name__}:PromptProtocol"
"""By which uvicorn finds it, in every worker."""
_Protocol: Any = AutoHTTPProtocol


class PromptProtocol(_Protocol):  # type: ignore[misc]
    """uvicorn's own, which cuts a client that has not sent the headers of a request in time."""

    seconds = SILENCE
    _limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._await_headers()

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before or (self.cycle is not None and not self.cycle.response_complete):
            self._stop_waiting()
        elif self._limit is None and not self.transport.is_closing():  # of the next request, its first bytes
            self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _await_headers(self) -> None:
        self._limit = self.loop.call_later(self.seconds, self._cut)

    def _stop_waiting(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _cut(self) -> None:
        self._limit = None
        if self.transport.get_protocol() is self:  # a web socket has another by now
            self.transport.close()
