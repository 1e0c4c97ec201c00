"""What a request may take of the MLflow server's process."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_utils.servers.mlflow_app.limits import LARGEST, TOTAL, Bounded, Held, Silence
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


PIECE = 2**20
JSON = "/api/2.0/mlflow/runs/log-batch"
UPLOAD = "/api/2.0/mlflow-artifacts/artifacts/0/run/artifacts/model.bin"


def _sent(size: int, path: str = JSON, method: str = "POST", announced: int | None = None) -> tuple[int, list[int]]:
    """Send a body in pieces; the status, and how much the application was given at a time."""
    left, given = size, []
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001 - an application (ASGI)
        while True:
            message = await receive()
            given.append(len(message["body"]))
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Any:
        nonlocal left
        piece = min(left, PIECE)
        left -= piece
        return {"type": "http.request", "body": bytes(piece), "more_body": left > 0}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [] if announced is None else [(b"content-length", str(announced).encode())]
    finished(Bounded(app)({"type": "http", "method": method, "path": path, "headers": headers}, receive, send))
    assert Held.in_all == 0
    return int(sent[0]["status"]), given


def test_no_request_is_held_that_is_too_large() -> None:
    """Whatever it says of itself; MLflow then gets nothing of it. One that is not comes whole."""
    assert _sent(LARGEST) == (200, [LARGEST])
    assert _sent(LARGEST + 1) == (413, [])
    assert _sent(LARGEST + 1, announced=5) == (413, [])
    assert _sent(0, announced=LARGEST + 1) == (413, [])
    assert _sent(LARGEST + 1, method="PUT") == (413, [])
    assert _sent(LARGEST + 1, method="GET") == (413, [])
    assert _sent(LARGEST + 1, path=UPLOAD) == (413, [])


def test_uploads_of_artifacts_are_not_held() -> None:
    """They come as they are sent, however large."""
    status, given = _sent(LARGEST + PIECE, path=UPLOAD, method="PUT")
    assert status == 200
    assert max(given) == PIECE


def test_requests_of_many_clients_are_not_held_together() -> None:
    """Who comes when memory is short is asked to come again."""
    others = Held()
    assert others.add(TOTAL - PIECE)
    try:
        left: list[Any] = [{"type": "http.request", "body": bytes(2 * PIECE), "more_body": False}]
        sent: list[Any] = []

        async def receive() -> Any:
            return left.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        finished(Bounded(_reads)({"type": "http", "method": "POST", "path": JSON, "headers": []}, receive, send))
        assert sent[0]["status"] == 503
    finally:
        others.release()
