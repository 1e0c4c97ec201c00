"""The pin of the Debian system, and the one that stands in for it where no place gives the pinned packages any more.

A pin names the system's hash, the moment (UTC) of the mirror that gave it, and each package's version, file, size and
SHA-256. The checkout's is ../system.json: only --update-pin writes it. What stands in is kept in .cache, with the hash
of the pin that it replaces: another pin in the checkout makes it void.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
from typing import TYPE_CHECKING, Any

from . import FetchError, nix
from .screen import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

Pin = dict[str, Any]
"""The content of system.json."""

PIN = nix.BASE / "system.json"
STAND_IN = REPOSITORY / ".cache" / "debian" / "system.json"


def read(path: Path | None = None) -> Pin:
    """Read a pin; default: the checkout's."""
    pin: Pin = json.loads((path or PIN).read_text(encoding="utf-8"))
    return pin


def write(pin: Pin, path: Path) -> None:
    """Write a pin, a package a line, so that a change of it can be read."""
    packages = ",\n".join(f"    {json.dumps(name)}: {json.dumps(entry)}" for name, entry in pin["packages"].items())
    text = json.dumps({**pin, "packages": None}, indent=2).replace(
        '"packages": null', f'"packages": {{\n{packages}\n  }}'
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.{os.getpid()}")
        new.write_text(text + "\n", encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise FetchError(
            f"{path} cannot be written ({error.strerror}); use a checkout that you can write to."
        ) from error


def stand_in(pinned: Pin) -> Pin | None:
    """Return what stands in for this pin, if a fetch has taken anything; its system need not be in the store."""
    try:
        kept = read(STAND_IN)
        return kept if kept["instead_of"] == pinned["sha256"] else None
    except (OSError, ValueError, KeyError):
        return None


def chosen() -> Path | None:
    """Return the pin that is built from; None where it is the checkout's, which counts wherever it can be had."""
    if shutil.which("nix") is None or not os.path.lexists("/nix/store"):
        return None
    pinned = read()
    kept = stand_in(pinned)
    return STAND_IN if kept and not in_store(pinned) and in_store(kept) else None


def in_store(pin: Pin) -> bool:
    """Return whether its system is in the store."""
    digest = base64.b64decode(pin["sha256"].partition("-")[2]).hex()
    path = nix.run(["nix-store", "--print-fixed-path", "--recursive", "sha256", digest, name(pin)]).strip()
    return os.path.lexists(path) and bool(nix.valid([path]))


def name(pin: Pin) -> str:
    """Return the name of its system in the store."""
    return f"debian-{pin['suite']}"


def moved(before: Pin, after: Pin) -> str:
    """Return which versions differ, a line each."""
    old, new = versions(before), versions(after)
    lines = [
        f"  {package}: {old.get(package, 'absent')} -> {new.get(package, 'absent')}"
        for package in sorted({*old, *new})
        if old.get(package) != new.get(package)
    ]
    return "\n".join(lines) or "  no version moved, but a file's content differs"


def versions(pin: Pin) -> dict[str, str]:
    """Return package -> version; pins of earlier versions of this project named nothing else."""
    return {
        package: entry if isinstance(entry, str) else entry["version"] for package, entry in pin["packages"].items()
    }


def told(pin: Pin) -> str:
    """Say of what stands in that it is not the pinned system, and what to do."""
    return f"""NOT THE PINNED DEBIAN SYSTEM, but another environment, with the packages of {pin["moment"]} (UTC), whose
signatures apt has checked. Its runs say so (jupyter_utils.pinned: false).
  the pinned one:            ./quickstart --locked, with a DEBIAN_MIRROR or DEBIAN_SNAPSHOT that still has it
  this one, by Nix:          nix run -f nix/debian --argstr pin "$PWD/{os.path.relpath(STAND_IN)}" lab
  a present one for all:     python3 nix/debian/fetch.py --update-pin, then commit nix/debian/system.json"""
