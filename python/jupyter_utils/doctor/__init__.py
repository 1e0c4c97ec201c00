"""`jupyter-utils doctor`: what would go wrong on this machine, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from jupyter_utils.machine.running import running
from jupyter_utils.servers.whereabouts import settings_of

from . import gpu, lab, machine, network, tracking
from .finding import Finding, error

if TYPE_CHECKING:
    from jupyter_utils.settings import Settings

__all__ = ["Finding", "examine"]

Check = Callable[["Settings"], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    machine.processor,
    machine.environment,
    machine.user,
    lab.labs,
)
PLACES: tuple[Check, ...] = (
    machine.directories,
    machine.store,
    machine.disk,
    tracking.password,
    tracking.spool,
)
"""Of every lab that runs, by its own settings; of the one that the shell would start where none runs."""
FURTHER: tuple[Check, ...] = (
    machine.git,
    tracking.mlflow,
    network.proxies,
    network.certificates,
    gpu.gpus,
)
"""One check each; all run, even when one fails."""


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield the findings of all checks, each as soon as it is known, and what is found twice once."""
    found = [chosen for state in running() if (chosen := settings_of(state))]
    places = [(check, one) for one in found or [settings] for check in PLACES]
    ports = [] if running() else [(machine.ports, settings)]
    seen = set()
    for check, one in [
        *((check, settings) for check in CHECKS),
        *places,
        *ports,
        *((check, settings) for check in FURTHER),
    ]:
        for finding in _tried(check, one):
            if finding not in seen:
                seen.add(finding)
                yield finding


def _tried(check: Check, settings: Settings) -> Iterator[Finding]:
    try:
        yield from check(settings)
    except Exception as failure:  # noqa: BLE001 - one check that fails must not hide what the others find
        yield error(check.__name__, f"could not be checked: {failure!r}", "report this, with this line")
