"""What is wanted, what is missing, and how it is added."""

import json
import os
import subprocess
from pathlib import Path

from . import FetchError

BASE = Path(__file__).resolve().parent.parent
# The debian base asks nothing of a binary cache; asking one that cannot be reached would cost minutes.
OPTIONS = ["--extra-experimental-features", "nix-command flakes", "--option", "substituters", ""]


def wanted_files(name):
    """Return the wheels and sdists of a set, as nix/debian/wheels.nix lists them."""
    return json.loads(run(["nix", *OPTIONS, "eval", "--json", "-f", str(BASE), f"files.{name}"]))


def system_file():
    """Return name, hash and store path of the pinned Debian system."""
    return json.loads(run(["nix", *OPTIONS, "eval", "--json", "-f", str(BASE), "files.system"]))


def missing(entries):
    """Return those entries whose `path` is not in the store, or not whole."""
    known = [entry for entry in entries if os.path.lexists(entry["path"])]
    words = ["nix-store", "--check-validity", "--print-invalid", *[entry["path"] for entry in known]]
    invalid = set(run(words).split()) if known else set()
    return [entry for entry in entries if entry not in known or entry["path"] in invalid]


def add(paths, recursive=False):
    """Add files under their own names, by content; return the store paths."""
    return run(["nix-store", "--add-fixed", *(["--recursive"] if recursive else []), "sha256", *map(str, paths)]).split()


def hash_of_folder(folder):
    """Return the hash of a folder as Nix counts it: contents, links and executable bits, nothing else."""
    return run(["nix", *OPTIONS, "hash", "path", "--type", "sha256", "--sri", str(folder)]).strip()


def run(words):
    """Run a Nix command and return its output."""
    result = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        raise FetchError(f"{' '.join(words[:3])} failed:\n{result.stderr.strip()}{advice(result.stderr)}")
    return result.stdout


def advice(text):
    """Return the remedy for what Nix complains of, where it is known."""
    if "No space left" in text or "disk is full" in text:
        return "\nThe disk that holds /nix is full. Free some space (nix-collect-garbage removes what no result uses) and start again."
    return ""
