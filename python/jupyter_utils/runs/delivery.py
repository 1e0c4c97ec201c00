"""Sending what is in the spool: each entry under its lock, in the order of the calls, removed once MLflow has it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jupyter_utils.entries.entry import ARTIFACTS, read_entry, read_raw
from jupyter_utils.entries.stores import KnownStores
from jupyter_utils.errors import EntryError, JupyterUtilsError, SendError, SpoolError, UnsentError
from jupyter_utils.machine.urls import said
from jupyter_utils.spool.folder import State

from .destination import Round

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
    """None of this round's: for another server, or refused before."""
    busy: list[str] = field(default_factory=list)
    """Another process writes or sends them."""
    gone: list[str] = field(default_factory=list)
    """Another process was at them during this round, and they wait no more."""
    words: list[str] = field(default_factory=list)
    """What is to be said of the servers."""

    def go_on(self, later: Delivery) -> None:
        """Add a later round, over those that another process was busy with in this one."""
        self.sent |= later.sent
        self.unsent |= later.unsent
        self.skipped += later.skipped
        self.gone += later.gone
        self.busy, self.words = later.busy, later.words


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
    servers: Round | None = None,
    refused: bool = False,
    report: Callable[[str, SentRun | JupyterUtilsError], None] = lambda _name, _outcome: None,
    names: list[str] | None = None,
) -> Delivery:
    """Send all entries that wait, in the order of their calls, but for those that another process sends.

    Args:
        spool: where they wait.
        servers: to which servers; without it, each entry to its own, and none to another store.
        refused: try those again that a server has refused for good.
        report: called with the ID and the outcome of each.
        names: these alone.
    """
    servers = servers or Round(KnownStores(spool.path))
    spool.clean()
    result = Delivery()
    for name in spool.names() if names is None else names:
        try:
            lease = spool.hold(name)
        except SpoolError as error:
            result.unsent[name] = error
            report(name, error)
            continue
        if lease is None:
            (result.busy if spool.has(name) else result.gone).append(name)
            continue
        try:
            outcome = _deliver_one(spool, lease, servers, refused=refused)
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
    result.words = servers.words
    return result


def _deliver_one(
    spool: Spool, lease: EntryLease, servers: Round, *, refused: bool
) -> SentRun | JupyterUtilsError | None:
    """Send one entry of a round; None where it is none of this round's."""
    if spool.state(lease.id).refused and not refused:
        return None
    address = None
    try:
        address = servers.find(read_raw(lease.path), lease.path)
        if address is None:
            return None
        _check_files(spool, lease)
        return deliver(spool, lease, uri=address)
    except UnsentError as error:
        if address is None:
            return _noted(spool, lease, error)
        # One run that fails must not keep the others from a server that lives.
        servers.ask_again(address)
        return error
    except (SendError, EntryError) as error:
        return error


def _noted(spool: Spool, lease: EntryLease, error: UnsentError) -> UnsentError:
    state, reason = spool.state(lease.id), said(error)
    if state.reason != reason:
        spool.note(lease, dataclasses.replace(state, reason=reason))
    return error


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
