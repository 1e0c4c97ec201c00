"""Sending what waits beside other senders: those are waited for, as long as something moves."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from .delivery import deliver_waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_utils.errors import JupyterUtilsError
    from jupyter_utils.spool import Spool
    from jupyter_utils.tracking import SentRun

    from .delivery import Delivery
    from .destination import Round

_POLL = 0.3
_MINUTES = 120
"""From so many seconds on, minutes are said."""


def send_beside_others(
    spool: Spool,
    servers: Round,
    *,
    refused: bool,
    patience: float,
    report: Callable[[str, SentRun | JupyterUtilsError], None],
) -> Delivery:
    """Send all that waits, wait for what other processes send, and send what they could not.

    Args:
        spool: where it waits.
        servers: to which servers.
        refused: try those again that a server has refused for good.
        patience: seconds to wait for other processes, counted anew whenever one of them is through with a run.
        report: called with the ID and the outcome of each run that is sent from here.

    Returns:
        what became of the runs that waited at the start; those that came later are not waited for.
    """
    result = deliver_waiting(spool, servers=servers, refused=refused, report=report)
    if result.busy and patience:
        click.echo(
            f"{_runs(len(result.busy))} being sent by another process{sender(spool, result.busy)}: waiting for it, for "
            f"up to {_time(patience)}. Ctrl-C ends the waiting; no run is lost by it.",
            err=True,
        )
    deadline = time.monotonic() + patience
    while result.busy and time.monotonic() < deadline:
        time.sleep(_POLL)
        servers.forget_answers()
        before = result.busy
        result.go_on(deliver_waiting(spool, servers=servers, refused=refused, report=report, names=before))
        if result.busy != before:
            deadline = time.monotonic() + patience
    return result


def why_busy(spool: Spool, name: str, patience: float) -> str:
    """Say of a run that another process still sends what to do."""
    if not patience:
        return f"another process sends it{sender(spool, [name])}"
    return (
        f"another process has been sending it for {_time(patience)}{sender(spool, [name])}. If that one works on a "
        "large run, wait longer (--wait SECONDS); if it hangs, end it. Then `jupyter-utils sync` sends the run"
    )


def sender(spool: Spool, names: list[str]) -> str:
    """Name the processes that hold these runs, as far as they are this machine's."""
    found = sorted({process for name in names if (process := spool.holder(name))})
    if found:
        return f" (process {', '.join(map(str, found))})"
    return f" (here, or on another machine that shares {spool.path})"


def _runs(count: int) -> str:
    return "1 run is" if count == 1 else f"{count} runs are"


def _time(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < _MINUTES else f"{seconds / 60:g} minutes"
