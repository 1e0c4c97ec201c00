"""Sending what is in the spool: each entry under its lock, in the order of the calls, removed once MLflow has it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jupyter_utils.entries.entry import ARTIFACTS, read_entry, read_raw
from jupyter_utils.errors import EntryError, JupyterUtilsError, SendError, UnsentError
from jupyter_utils.machine.urls import said, without_credentials
from jupyter_utils.spool.folder import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_utils.spool.folder import EntryLease, Spool
    from jupyter_utils.tracking import SentRun


@dataclass
class Delivery:
    """What became of the entries of one round: the runs that MLflow has now, and the others with the reasons."""

    sent: dict[str, SentRun] = field(default_factory=dict)
    unsent: dict[str, JupyterUtilsError] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)


def deliver(
    spool: Spool, lease: EntryLease, *, uri: str | None = None, experiment_id: str | None = None, fresh: bool = False
) -> SentRun:
    """Send one entry and remove it from the spool.

    Args:
        spool: where it lies.
        lease: the entry.
        uri: the server's address where the caller knows it with credentials.
        experiment_id: the experiment, where the caller knows it.
        fresh: whether it was written just now.

    Raises:
        UnsentError: not now. The entry stays, and remembers why, as it does in the other cases.
        SendError: the server refuses it for good.
        EntryError: its files are damaged.
    """
    from jupyter_utils.tracking import send, sending_uri

    before = spool.state(lease.id)
    state = dataclasses.replace(before, attempts=before.attempts + 1, reason="sending was interrupted", refused=False)
    spool.note(lease, state)
    try:
        entry = read_raw(lease.path)
        run = send(entry, lease.path, uri or sending_uri(entry.uri), experiment_id=experiment_id, fresh=fresh)
    except (UnsentError, SendError, EntryError) as error:
        refused = not isinstance(error, UnsentError)
        run_id = getattr(error, "run_id", None)
        spool.note(lease, dataclasses.replace(state, reason=said(error), refused=refused, run_id=run_id))
        raise
    spool.remove(lease)
    return run


def deliver_waiting(
    spool: Spool,
    *,
    uri: str | None = None,
    refused: bool = False,
    report: Callable[[str, SentRun | JupyterUtilsError], None] = lambda _name, _outcome: None,
) -> Delivery:
    """Send all entries that wait, in the order of their calls; those that another process sends are skipped.

    Args:
        spool: where they wait.
        uri: send only those for this server (which is known to live).
        refused: try those again that a server has refused for good.
        report: called with the ID and the outcome of each.
    """
    from jupyter_utils.tracking import why_down

    spool.clean()
    result = Delivery()
    down: dict[str, str | None] = {without_credentials(uri): None} if uri else {}
    for name in spool.names():
        lease = spool.hold(name)
        if lease is None:
            result.skipped.append(name)
            continue
        try:
            outcome = _deliver_one(spool, lease, down, uri, why_down, refused=refused)
        finally:
            lease.release()
        if outcome is None:
            result.skipped.append(name)
            continue
        if isinstance(outcome, JupyterUtilsError):
            result.unsent[name] = outcome
        else:
            result.sent[name] = outcome
        report(name, outcome)
    return result


def _deliver_one(  # noqa: PLR0913 - what one round knows
    spool: Spool,
    lease: EntryLease,
    down: dict[str, str | None],
    only: str | None,
    why_down: Callable[[str], str | None],
    *,
    refused: bool,
) -> SentRun | JupyterUtilsError | None:
    """Send one entry of a round; None where it is none of this round's. `down` remembers which servers are."""
    from jupyter_utils.tracking import sending_uri

    if spool.state(lease.id).refused and not refused:
        return None
    try:
        address = sending_uri(read_raw(lease.path).uri)
        server = without_credentials(address)
        if only and server not in down:
            return None
        if server not in down:
            down[server] = why_down(address)
        if down[server]:
            return _noted(spool, lease, f"The MLflow server at {server} {down[server]}.")
        _check_files(spool, lease)
        return deliver(spool, lease, uri=only)
    except UnsentError as error:
        # One run that fails must not keep the others from a server that lives.
        down[server] = why_down(address)
        return error
    except (SendError, EntryError) as error:
        return error


def _noted(spool: Spool, lease: EntryLease, reason: str) -> UnsentError:
    state = spool.state(lease.id)
    if state.reason != reason:
        spool.note(lease, dataclasses.replace(state, reason=reason))
    return UnsentError(reason)


def _check_files(spool: Spool, lease: EntryLease) -> None:
    """Read an entry's files again before they are sent.

    Raises:
        EntryError: they are damaged, which the entry then remembers.
    """
    artifacts = lease.path / ARTIFACTS
    if artifacts.is_symlink() and not artifacts.exists():
        # An interrupted sender may have made them a run's already: `send` looks there.
        return
    try:
        read_entry(lease.path)
    except EntryError as error:
        spool.note(lease, State(reason=said(error), refused=True))
        raise
