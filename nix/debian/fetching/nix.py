"""What is wanted, what is missing, and how it is added."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from . import FetchError

Entry = dict[str, Any]
"""A row of the lock with `path`, `storeName` and hash; nix/debian/wheels.nix makes them."""

BASE = Path(__file__).resolve().parent.parent
# The debian base asks nothing of a binary cache; asking one that cannot be reached would cost minutes.
OPTIONS = ["--extra-experimental-features", "nix-command flakes", "--option", "substituters", ""]


def wanted_files(name: str, lock: str | None = None) -> list[Entry]:
    """Return the wheels and sdists of an output, as nix/debian/wheels.nix lists them; `lock` is a project's folder."""
    # As text: a path with spaces or Japanese is no path in Nix' own language.
    other = ["--argstr", "lock", str(Path(lock).resolve())] if lock else []
    words = ["nix", *OPTIONS, "eval", "--json", "-f", str(BASE), *other, f"files.{name}"]
    wanted: list[Entry] = json.loads(run(words))
    return wanted


def system_file() -> Entry:
    """Return name, hash and store path of the pinned Debian system."""
    wanted: Entry = json.loads(run(["nix", *OPTIONS, "eval", "--json", "-f", str(BASE), "files.system"]))
    return wanted


def missing(entries: list[Entry]) -> list[Entry]:
    """Return those entries whose `path` is not in the store, or not whole."""
    known = [entry for entry in entries if os.path.lexists(entry["path"])]
    words = ["nix-store", "--check-validity", "--print-invalid", *[entry["path"] for entry in known]]
    invalid = set(run(words).split()) if known else set()
    return [entry for entry in entries if entry not in known or entry["path"] in invalid]


def add(paths: list[Path], *, recursive: bool = False) -> list[str]:
    """Add files under their own names, by content; return the store paths."""
    return run(
        ["nix-store", "--add-fixed", *(["--recursive"] if recursive else []), "sha256", *map(str, paths)]
    ).split()


def hash_of_folder(folder: Path) -> str:
    """Return the hash of a folder as Nix counts it: contents, links and executable bits, nothing else."""
    return run(["nix", *OPTIONS, "hash", "path", "--type", "sha256", "--sri", str(folder)]).strip()


def run(words: list[str]) -> str:
    """Run a Nix command and return its output."""
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    if result.returncode:
        raise FetchError(f"{' '.join(words[:3])} failed:\n{result.stderr.strip()}{advice(result.stderr)}")
    return result.stdout


def advice(text: str) -> str:
    """Return the remedy for what Nix complains of, where it is known."""
    if "No space left" in text or "disk is full" in text:
        return (
            "\nThe disk that holds /nix is full. Free some space (nix-collect-garbage removes what no result uses) "
            "and start again."
        )
    return ""
