"""Uploads handed on in larger pieces: every byte once and in order, and an end that is no end of the file is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_utils.servers.mlflow_app import large_pieces

GONE = {"type": "http.disconnect"}


def request(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def handed_on(messages: list[dict[str, Any]], method: str = "PUT") -> list[dict[str, Any]]:
    """Give what an application gets of these messages, read to their end."""
    got: list[dict[str, Any]] = []
    left = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(left)

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        while True:
            got.append(await receive())
            if not got[-1].get("more_body"):
                return

    # Driven by hand: nothing in it waits, and the thread may have a loop that runs already (Playwright's).
    with pytest.raises(StopIteration):
        large_pieces.LargePieces(app)({"type": "http", "method": method}, receive, None).send(None)
    return got


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=30), st.booleans())
def test_every_byte_once_and_in_order(pieces: list[bytes], cut: bool) -> None:
    """Few pieces, none but the last too small; where the client goes, what it sent comes before that it went."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large_pieces, "SIZE", 64)
        messages = [request(piece, more=cut or number < len(pieces) - 1) for number, piece in enumerate(pieces)]
        got = handed_on([*messages, GONE] if cut else messages)
    assert b"".join(message.get("body", b"") for message in got) == b"".join(pieces)
    assert got[-1] == GONE if cut else not got[-1]["more_body"]
    bodies = got[: -2 if cut else -1]
    assert all(len(message["body"]) >= 64 and message["more_body"] for message in bodies)


def test_other_requests_are_left_alone() -> None:
    """What is no upload is handed on piece by piece."""
    messages = [request(b"a", more=True), request(b"b", more=False)]
    assert handed_on(messages, "POST") == messages
