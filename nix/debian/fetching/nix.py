"""What is wanted, what is missing, and how it is added."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from . import FetchError, processes

Entry = dict[str, Any]
"""A row of the lock with `path`, `storeName` and hash; nix/debian/wheels.nix makes them."""

BASE = Path(__file__).resolve().parent.parent


class Output:
    """An output of the debian base: what is still to be fetched for it."""

    def __init__(self, name: str, lock: str | None = None, pin: Path | None = None) -> None:
        """`lock` is the folder of a project's own lock, `pin` what stands in for the checkout's (see `pins`)."""
        # As text: a path with spaces or Japanese is no path in Nix' own language.
        own = ["--argstr", "lock", str(Path(lock).resolve())] if lock else []
        own += ["--argstr", "pin", str(pin.resolve())] if pin else []
        self.name = name
        self.base = ["-f", str(BASE), *own]

    def wanted(self) -> list[str]:
        """Return the store paths of the result and of the environment in it, as Nix evaluates them."""
        asked = "one: [ one.outPath ] ++ (if one ? environment then [ one.environment.outPath ] else [ ])"
        found: list[str] = json.loads(run([*nix("eval"), "--json", *self.base, self.name, "--apply", asked]))
        return found

    def missing(self) -> tuple[list[Entry], list[Entry]]:
        """Return the Debian system and the wheels (and sdists) that are to be fetched: none where the result is there.

        Nix says what it would make: of a result that is in the store it asks for no source, even if all are gone.
        """
        asked = self.to_make()
        system, wheels = self.files()
        return (
            [entry for entry in system if entry["path"] in asked],
            [entry for entry in wheels if entry["path"] in asked],
        )

    def to_make(self) -> set[str]:
        """Return the store paths that Nix would make for it; the fetched ones are among them."""
        made = self.dry_run()
        if lost := [path for path in self.there(made) if not os.path.lexists(path)]:
            forget(lost)
            made = self.dry_run()
        return made

    def dry_run(self) -> set[str]:
        """Ask Nix what it would make."""
        words = [*nix("build"), *self.base, self.name, "--dry-run", "--no-link"]
        derivations = re.findall(r"(?m)^ +(/\S+\.drv)$", run(words, messages=True))
        return set(run(["nix-store", "--query", "--outputs", *derivations]).split()) if derivations else set()

    def there(self, made: set[str]) -> list[str]:
        """Return what Nix takes to be in the store: the result with all that it needs, or the files it is made from."""
        if made:
            paths = [entry["path"] for kind in self.files() for entry in kind if entry["path"] not in made]
            return valid(paths)
        result = run([*nix("eval"), "--raw", *self.base, f"{self.name}.outPath"])
        return run(["nix-store", "--query", "--requisites", result]).split()

    def files(self) -> tuple[list[Entry], list[Entry]]:
        """Return all files that the base knows: the Debian system, the wheels of every variant."""
        known = json.loads(run([*nix("eval"), "--json", *self.base, "files"]))
        return [known["system"]], list({entry["path"]: entry for entry in known["wheels"]}.values())


def valid(paths: list[str]) -> list[str]:
    """Return those paths that Nix has in its list."""
    invalid = set(run(["nix-store", "--check-validity", "--print-invalid", *paths]).split()) if paths else set()
    return [path for path in paths if path not in invalid]


def forget(lost: list[str]) -> None:
    """Let Nix see that somebody removed paths behind its back; they can then be had again."""
    run(["nix-store", "--verify"])
    if left := valid(lost):
        raise FetchError(
            f"somebody removed {left[0]} from the disk, and Nix cannot forget it: other paths need it. "
            "Let Nix remove those, too (nix-store --delete, nix-collect-garbage), and start again."
        )


def add(paths: list[Path], *, recursive: bool = False) -> list[str]:
    """Add files under their own names, by content; return the store paths."""
    return run(
        ["nix-store", "--add-fixed", *(["--recursive"] if recursive else []), "sha256", *map(str, paths)]
    ).split()


def hash_of_folder(folder: Path) -> str:
    """Return the hash of a folder as Nix counts it: contents, links and executable bits, nothing else."""
    return run([*nix("hash path"), "--type", "sha256", "--sri", str(folder)]).strip()


def nix(command: str) -> list[str]:
    """Return the words that begin a command of the new kind ("hash path"), whatever this Nix is configured for.

    The debian base asks nothing of a binary cache; asking one that cannot be reached would cost minutes.
    """
    return [
        "nix",
        *command.split(),
        "--extra-experimental-features",
        "nix-command flakes",
        "--option",
        "substituters",
        "",
    ]


def run(words: list[str], *, messages: bool = False) -> str:
    """Run a Nix command and return its output, or with `messages` what it says."""
    code, out, said = processes.output(words)
    if code:
        raise FetchError(f"{' '.join(words[:2])} failed:\n{said.strip()}{advice(said)}")
    return said if messages else out


def advice(text: str) -> str:
    """Return the remedy for what Nix complains of, where it is known."""
    if "No space left" in text or "disk is full" in text:
        return (
            "\nThe disk that holds /nix is full. Free some space (nix-collect-garbage removes what no result uses) "
            "and start again."
        )
    return ""
