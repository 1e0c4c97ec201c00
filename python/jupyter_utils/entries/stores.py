"""Which store is to be found at which address, as far as this user's programs know.

In this order: what the lab above has told (of its own MLflow alone), what a running lab of this user has announced, and
what answered there when it was used first, or when the user allowed another. The last stands in a file of the spool.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from jupyter_utils.machine.lab_store import lab_store
from jupyter_utils.machine.urls import place
from jupyter_utils.machine.writing import write_whole

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "stores.json"


class KnownStores:
    """The stores that are known to the spool in a folder; an address is one of a server, of any spelling."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE

    def meant(self, uri: str) -> tuple[str, ...]:
        """Return the identities of which one must answer at an address, the likeliest first; none where any may."""
        noted = self._noted(uri)
        told = _told(uri) or _announced().get(place(uri))
        known = [told] if told else []
        if noted.get("store") and (not told or noted.get("allowed")):
            known.append(noted["store"])
        return tuple(dict.fromkeys(known))

    def is_new(self, uri: str) -> bool:
        """Return whether nothing has answered at this address yet."""
        return not self._noted(uri)

    def note(self, uri: str, store: str, *, allowed: bool = False) -> None:
        """Remember what has answered at an address; where that cannot be written, it is learned again.

        Args:
            uri: the address.
            store: the identity; empty for an MLflow that has none.
            allowed: whether the user has said so, against what a lab tells.
        """
        noted = self._noted(uri)
        found = {"store": store, "allowed": allowed or (noted.get("allowed", False) and noted.get("store") == store)}
        if noted != found:
            with contextlib.suppress(OSError):
                text = json.dumps(self._all() | {place(uri): found}, indent=1)
                write_whole(self._file, text, mode=0o600)

    def _noted(self, uri: str) -> dict[str, Any]:
        found = self._all().get(place(uri))
        return found if isinstance(found, dict) else {}

    def _all(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(self._file.read_text(encoding="utf-8"))
            return found if isinstance(found, dict) else {}
        return {}


def addresses_of(store: str) -> list[str]:
    """Return where running labs of this user have announced a store."""
    return [uri for uri, one in _announced().items() if one == store]


def _told(uri: str) -> str:
    lab = lab_store()
    return lab.identity if lab is not None and place(lab.uri) == place(uri) else ""


def _announced() -> dict[str, str]:
    from jupyter_utils.machine.running import running

    with contextlib.suppress(Exception):  # no folder for state: then there is nobody to announce anything
        return {place(uri): store for state in running() for uri, store in state.stores.items()}
    return {}
