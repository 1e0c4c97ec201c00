"""The runs of the spool that a listing shows: those for the MLflow that it is of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_utils.entries.entry import read_raw
from jupyter_utils.entries.stores import KnownStores
from jupyter_utils.errors import EntryError
from jupyter_utils.machine.urls import place
from jupyter_utils.spool import own_spool
from jupyter_utils.tracking.search import NOTEBOOK_TAG

if TYPE_CHECKING:
    from jupyter_utils.entries.entry import Entry
    from jupyter_utils.spool import State


@dataclass(frozen=True)
class WaitingEntry:
    """One run that waits, and what became of it so far."""

    entry: Entry
    state: State


@dataclass(frozen=True)
class InSpool:
    """Those for the MLflow that was asked; how many wait for others; how many cannot be read."""

    waiting: tuple[WaitingEntry, ...]
    elsewhere: int
    damaged: int


def waiting_runs(uri: str, experiment: str | None, notebook: str | None) -> InSpool:
    """Look through the spool, the newest first.

    Args:
        uri: the server.
        experiment: an experiment's name; None for all.
        notebook: a notebook's absolute path; None for all.
    """
    spool = own_spool()
    stores = KnownStores(spool.path).meant(uri)
    found: list[WaitingEntry] = []
    elsewhere = damaged = 0
    for name in reversed(spool.names()):
        try:
            entry = read_raw(spool.path / "entries" / name)
        except EntryError:
            damaged += (spool.path / "entries" / name).is_dir()  # else it has just been sent
            continue
        if experiment not in {None, entry.experiment_name} or notebook not in {None, entry.tags.get(NOTEBOOK_TAG)}:
            continue
        if _is_for(entry, uri, stores):
            found.append(WaitingEntry(entry, spool.state(name)))
        else:
            elsewhere += 1
    return InSpool(tuple(found), elsewhere, damaged)


def _is_for(entry: Entry, uri: str, stores: tuple[str, ...]) -> bool:
    if entry.store and stores:
        return entry.store in stores
    return not entry.uri or place(entry.uri) == place(uri)
