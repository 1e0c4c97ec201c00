"""What a built environment says of itself: the record that its base wrote into it (each base's environment.nix)."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

RECORD = "share/jupyter-utils/environment.json"
_STORE = Path("/nix/store")


@dataclass(frozen=True)
class Record:
    """The environment of a process.

    Attributes:
        lock: SHA-256 of poetry.lock.
        base: `debian` or `nixpkgs`.
        variant: `cpu` or `cuda`.
        system: the base's own release; the name of the Debian system in the store.
        pinned: whether that is the system that the project pins, and not one that stood in for it.
        store_path: where the environment lies in the Nix store; None where it was copied out of it.
        extra: packages that a flake of the user's own adds by a function, which no recipe holds.
    """

    lock: str
    base: str
    variant: str
    system: str
    pinned: bool
    store_path: str | None
    extra: tuple[str, ...] = ()

    def tags(self) -> dict[str, str]:
        """Return the tags of a run in it."""
        named = {"lock": self.lock, "base": self.base, "variant": self.variant, "system": self.system}
        named |= {"store_path": self.store_path or "", "pinned": "" if self.pinned else "false"}
        return {f"jupyter_utils.{name}": value for name, value in named.items() if value}


def built_environment() -> Record | None:
    """Read the record of the environment that runs; in any other Python there is none."""
    # A virtual environment on top of it (the overlay's, a user's own) has it as its base.
    for prefix in dict.fromkeys((sys.prefix, sys.base_prefix)):
        with suppress(OSError, ValueError, AttributeError):
            return _read(Path(prefix))
    return None


def _read(prefix: Path) -> Record:
    found = json.loads((prefix / RECORD).read_text(encoding="utf-8"))
    place = prefix.resolve()
    return Record(
        **{name: str(found.get(name) or "") for name in ("lock", "base", "variant", "system")},
        pinned=found.get("pinned", True) is not False,
        store_path=str(place) if place.is_relative_to(_STORE) else None,
        extra=tuple(map(str, found.get("extra") or ())),
    )
