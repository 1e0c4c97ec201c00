"""The spool: calls of `save_mlflow` that are complete on disk, and those that wait until MLflow has them."""

from __future__ import annotations

from .folder import EntryLease, Spool, State, Waiting
from .limits import check_room, own_spool, status_line

__all__ = [
    "EntryLease",
    "Spool",
    "State",
    "Waiting",
    "check_room",
    "own_spool",
    "status_line",
]
