"""`jupyter-utils health`: whether what runs here answers. Asks the servers themselves, past every proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_utils.machine.readiness import answers
from jupyter_utils.machine.running import running

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER_SECONDS = 5.0
"""Longer than a busy server takes; a container is unhealthy after three times without an answer."""


def unhealthy() -> Iterator[str]:
    """Yield what does not answer, in a sentence each; nothing where all is well."""
    found = running()
    if not found:
        yield "nothing runs here, or it has not finished starting"
    for state in found:
        for name, address in state.health.items():
            if not answers(address, ANSWER_SECONDS):
                yield f"{name} does not answer at {address}"
