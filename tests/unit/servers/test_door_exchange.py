"""A request that the door sends a second time, since MLflow refused the login of the first."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from jupyter_utils.servers.door.exchange import REPEATED, Exchange
from loops import finished


class Answer:
    """One that says which it is."""

    def __init__(self, number: int) -> None:
        self.number = number

    def close(self) -> None:
        """Do nothing."""


async def exchanged(pieces: list[bytes], *, read: int | None) -> tuple[int, list[bytes], int]:
    """Send pieces to a server that refuses the first request, after as many as it reads: answer, bodies, questions."""
    bodies: list[bytes] = []
    asked = 0

    async def ask(body: Any) -> Any:
        bodies.append(b"")
        is_first = len(bodies) == 1
        taken = 0
        async for piece in body:
            bodies[-1] += piece
            taken += 1
            if is_first and taken == read:
                break
        return Answer(len(bodies))

    async def again(answer: Any) -> bool:
        nonlocal asked
        asked += 1
        return bool(answer.number == 1)

    exchange = Exchange(ask, again, has_body=True)
    for piece in pieces:
        await exchange.put(piece)
    await exchange.end()
    answer = await asyncio.wait_for(exchange.answer(), 10)
    return answer.number, bodies, asked  # type: ignore[attr-defined]


@pytest.mark.parametrize("read", [None, 1, 3], ids=["whole", "a piece", "three pieces"])
def test_a_small_body_is_sent_again_whole(read: int | None) -> None:
    """However much of it the server read before it refused."""
    pieces = [bytes([number]) * 1000 for number in range(12)]
    number, bodies, asked = finished(exchanged(pieces, read=read))
    assert (number, asked) == (2, 1)
    assert bodies[1] == b"".join(pieces)


def test_a_large_one_is_not_kept() -> None:
    """Its answer is handed on; the login is looked for all the same, so that the next request has it."""
    number, bodies, asked = finished(exchanged([b"x" * 2**16] * (REPEATED // 2**16 + 2), read=None))
    assert (number, len(bodies), asked) == (1, 1, 1)
