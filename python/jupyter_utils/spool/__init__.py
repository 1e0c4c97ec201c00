"""The spool: calls of `save_mlflow` that are complete on disk, and those that wait until MLflow has them."""

from __future__ import annotations

from .delivery import Delivery, deliver, deliver_waiting
from .folder import Held, Spool, State, Waiting
from .limits import check_room, own_spool, size, status_line

__all__ = [
    "Delivery",
    "Held",
    "Spool",
    "State",
    "Waiting",
    "check_room",
    "deliver",
    "deliver_waiting",
    "own_spool",
    "size",
    "status_line",
]
