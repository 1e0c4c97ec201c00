"""Turns at files: while one task reads or writes a notebook and its twin, others wait."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_held: ContextVar[frozenset[str]] = ContextVar("held", default=frozenset())


class Turns:
    """One turn for each name."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, name: str) -> AsyncIterator[None]:
        """Wait for the turn at this name, and have it in the block; a task that has it does not wait for itself."""
        if name in _held.get():
            yield
            return
        lock = self._locks.setdefault(name, asyncio.Lock())
        async with lock:
            token = _held.set(_held.get() | {name})
            try:
                yield
            finally:
                _held.reset(token)
