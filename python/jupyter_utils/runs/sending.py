"""Sending a run that was just kept: what waited before it goes first, and what cannot go now says who will send it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from jupyter_utils.entries.stores import KnownStores
from jupyter_utils.errors import SendError, UnsentError
from jupyter_utils.machine.urls import mask
from jupyter_utils.tracking import why_down

from .delivery import deliver, deliver_waiting
from .destination import Round, check, first_word

if TYPE_CHECKING:
    from jupyter_utils.spool import EntryLease
    from jupyter_utils.tracking import Answer, SentRun

    from .call import Call

_AGE = 1.0
"""Seconds for which the server's answer to the question who it is counts within one call."""


def send(call: Call, lease: EntryLease, commit: str | None) -> tuple[SentRun | None, str | None]:
    """Send what waits for this server, in order, and then this run; where that must wait, say why.

    Returns:
        the run, if it was sent, and what is to be said of it.
    """
    try:
        plain = _check_up(call)
        return deliver(call.spool, lease, uri=call.uri, experiment_id=call.server.experiment_id, fresh=True), plain
    except UnsentError as error:
        return None, f"{error} {_wait(call, lease)}"
    except SendError as error:
        message = f"{error}\nThe run is kept: `jupyter-utils sync` tries again, with --drop {lease.id} you give it up."
        raise SendError(message, run_id=error.run_id, commit=commit) from error
    except KeyboardInterrupt as error:
        error.add_note(f"The run is kept in {lease.path} and will be sent later: jupyter-utils sync")
        raise


def _check_up(call: Call) -> str | None:
    """Send what waits for the server already, and return what is to be said of the server.

    Raises:
        UnsentError: it is down, or goes down, or is another than the one that is meant.
    """
    known = KnownStores(call.spool.path)
    answer = _answer(call, known)
    if down := call.server.down or answer.down:
        hint = call.server.remedy or (
            "Is that the right one (mlf_uri=, MLFLOW_TRACKING_URI), and was it started (`jupyter-utils mlflow`)?"
        )
        raise UnsentError(f"The MLflow server at {mask(call.uri)} {down}." + ("" if answer.is_stranger else f" {hint}"))
    said = first_word(call.uri, answer.store, known)
    waiting = deliver_waiting(call.spool, servers=Round(known, only=call.uri, answer=answer))
    failed = [error for error in waiting.unsent.values() if type(error) is UnsentError]
    # One that fails again and again must not keep the others from a server that lives.
    if failed and why_down(call.uri):
        raise failed[0]
    return said


def _answer(call: Call, known: KnownStores) -> Answer:
    """Return who answered; asked again where writing the values took so long that another may have taken the port."""
    if call.server.down or time.monotonic() - call.answer.at < _AGE:
        return call.answer
    answer = check(call.uri, known)
    if answer.down is None and answer.store != call.answer.store:
        return replace(answer, down="became another store during this call", is_stranger=True)
    return answer


def _wait(call: Call, lease: EntryLease) -> str:
    """Make an entry that has to wait survive a power cut, too, and say who will send it."""
    try:
        call.spool.make_durable(lease)
    except OSError as error:
        return f"The run is kept in {lease.path}, but the disk could not be made to write it down ({error})."
    return "The next call, the running lab or `jupyter-utils sync` sends the run once the server can take it."
