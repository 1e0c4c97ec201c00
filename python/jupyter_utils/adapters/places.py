"""What is asked about an artifact location."""

from __future__ import annotations

from typing import Protocol


class Places(Protocol):
    """What is asked about an artifact location; `store.locations.Locations` answers."""

    def takes(self, address: str) -> bool:
        """Return whether it may be written into the database."""

    def serves(self, address: str) -> bool:
        """Return whether a store may be opened there."""

    def holds(self, path: str) -> bool:
        """Return whether a path of this machine may be read and written."""

    def refusal(self, address: str) -> str:
        """Say why not."""
