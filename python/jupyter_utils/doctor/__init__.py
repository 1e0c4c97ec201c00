"""`jupyter-utils doctor`: what would go wrong on this machine, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import gpu, machine, network, tracking
from .finding import Finding, error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jupyter_utils.settings import Settings

__all__ = ["Finding", "examine"]

CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    machine.processor,
    machine.environment,
    machine.user,
    machine.directories,
    machine.store,
    machine.disk,
    machine.ports,
    machine.git,
    tracking.mlflow,
    tracking.password,
    tracking.spool,
    network.proxies,
    network.certificates,
    gpu.gpus,
)
"""One check each; all run, even when one fails."""


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield the findings of all checks, each as soon as it is known."""
    for check in CHECKS:
        try:
            yield from check(settings)
        except Exception as failure:  # noqa: BLE001 - one check that fails must not hide what the others find
            yield error(check.__name__, f"could not be checked: {failure!r}", "report this, with this line")
