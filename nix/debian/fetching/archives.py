"""Archives of environments (ENVIRONMENTS): Nix' own binary caches, signed, in a folder or on a web server."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from . import FetchError, masked, nix, web

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .screen import Log, Screen

FORM = "ENVIRONMENTS takes a folder or an address, a blank and its key (NAME:...=), and commas between several"


class Archive(NamedTuple):
    """Where it is, and the key that signed what is in it."""

    place: str
    key: str

    def has(self, path: str) -> bool:
        """Return whether it has a store path; one that cannot be asked has none."""
        file = f"{self.place.rstrip('/')}/{Path(path).name[:32]}.narinfo"
        if "://" not in self.place:
            return Path(file).exists()
        try:
            web.check(file)
        except FetchError:
            return False
        return True

    def copy(self, paths: list[str]) -> None:
        """Copy store paths with all that they need, and nothing that the key has not signed."""
        if not paths:
            return
        trust = ["--option", "trusted-public-keys", self.key, "--option", "require-sigs", "true"]
        fresh = ["--option", "narinfo-cache-negative-ttl", "0", "--option", "narinfo-cache-positive-ttl", "0"]
        with address(self.place) as place:
            nix.run([*nix.nix("copy"), "--from", place, *paths, *trust, *fresh])


def named() -> list[Archive]:
    """Return the archives that ENVIRONMENTS names."""
    found = []
    for entry in filter(None, (one.strip() for one in os.environ.get("ENVIRONMENTS", "").split(","))):
        place, _, key = entry.rpartition(" ")
        if not place or ":" not in key:
            raise FetchError(f"{FORM}; this is none: {masked(entry)}")
        place = place.strip()
        found.append(Archive(place if "://" in place else str(Path(place).expanduser()), key))
    return found


def may_have(output: nix.Output) -> bool:
    """Return whether an archive says that it has the environment of an output."""
    return any(archive.has(path) for archive in named() for path in output.wanted()[-1:])


def take(output: nix.Output, screen: Screen, log: Log) -> None:
    """Take from the archives what an output lacks: the result, its environment, else the files that it is made from.

    What is refused, since it is damaged or signed by another key, is said, and looked for elsewhere.
    """
    for archive in named():
        missing = [entry for kind in output.missing() for entry in kind]
        if not missing:
            return
        try:
            taken = [path for path in output.wanted() if archive.has(path)]
            archive.copy(taken)
            # An environment that is there needs no files.
            files = [] if taken else [entry["path"] for entry in missing if archive.has(entry["path"])]
            archive.copy(files)
        except FetchError as error:
            log.add(str(error))
            screen.say(f"the archive {masked(archive.place)} is not used: {reason(str(error))}")
        else:
            what = "the environment is" if taken else f"{len(files)} files are"
            screen.say(f"{what} from the archive {masked(archive.place)}" if taken or files else nothing(archive))


def nothing(archive: Archive) -> str:
    """Say that an archive did not help."""
    return f"the archive {masked(archive.place)} has nothing of this environment, or cannot be reached"


def reason(said: str) -> str:
    """Return what Nix' refusal means."""
    if any(words in said for words in ("lacks a valid signature", "lacks a signature", "not signed by", "untrusted")):
        return "it is not signed by the key that ENVIRONMENTS gives. Correct that, or ask who made it."
    return f"it is damaged or not whole.\n{said}"


@contextmanager
def address(place: str) -> Iterator[str]:
    """Return an archive's address for Nix: of a folder by a link, since an address bears no blank and no Japanese."""
    if "://" in place:
        yield place
        return
    with tempfile.TemporaryDirectory(prefix="jupyter-utils-", dir="/tmp") as folder:
        link = Path(folder) / "archive"
        link.symlink_to(Path(place).absolute())
        yield f"file://{link}"
