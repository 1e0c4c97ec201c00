"""What a request may take of the MLflow server's process."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_utils.servers.mlflow_app.limits import TOTAL, Held, Silence
from loops import finished


async def _reads(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001 - an application (ASGI)
    while (await receive()).get("more_body"):
        pass
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})


def _status(pieces: list[Any]) -> int:
    waiting = list(pieces)
    sent: list[Any] = []

    async def receive() -> Any:
        if not waiting:
            await asyncio.sleep(0.4)
            return {"type": "http.disconnect"}
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    finished(Silence(_reads, 0.1)({"type": "http"}, receive, send))
    return int(sent[0]["status"])


def test_a_client_that_falls_silent_is_cut() -> None:
    """In the middle of a request; one that has sent all of it may wait for the answer."""
    piece = {"type": "http.request", "body": b"x", "more_body": True}
    assert _status([piece]) == 408
    assert _status([piece, piece | {"more_body": False}]) == 200


def test_all_requests_together_hold_no_more_than_the_bound() -> None:
    """What is too much is refused, and what is released can be held by the next."""
    one, other = Held(), Held()
    assert one.add(TOTAL - 1)
    assert not other.add(2)
    one.release()
    assert other.add(TOTAL)
    other.release()
    assert Held.in_all == 0
