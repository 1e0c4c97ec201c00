"""The wheels and source distributions of the lock: downloaded by pip, checked by pip and by Nix."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from . import FetchError, nix, pip, processes
from .progress import Clock, megabytes

if TYPE_CHECKING:
    from .screen import Log, Screen

# Package -> size of its file, roughly: the index tells it only when a download begins, the time left depends on it.
SIZES = nix.BASE / "sizes.json"
UNKNOWN = 1_000_000


class Wheels:
    """Those of one fetch."""

    def __init__(self, entries: list[nix.Entry], screen: Screen, log: Log) -> None:
        """`entries` are what the store lacks."""
        self.entries = {entry["file"]: entry for entry in entries}
        self.screen = screen
        self.log = log
        self.folder: Path | None = None
        self.sizes = expected(entries)
        self.stored: dict[str, int] = {}
        self.clock = Clock()
        self.adding = False

    def fetch(self, folder: Path, extra_folders: list[str]) -> None:
        """Download them and add them to the store; what was added stays there if a later one fails."""
        folder.mkdir()
        self.folder = folder
        self.copy(extra_folders, folder)
        folders = [word for name in extra_folders for word in ("--find-links", name)]
        for entry in [entry for entry in self.left() if "index" in entry]:
            self.fetch_torch(entry, folder, folders)
        lost: list[nix.Entry] = []
        if self.left():
            self.screen.say(f"{len(self.left())} packages by pip ...")
        while others := [entry for entry in self.left() if entry not in lost]:
            failure = pip.download(others, folder, folders, self.log)
            self.store(folder)
            if failure and not failure.lost:
                raise FetchError(failure.words)
            # One that is gone keeps the others from nobody.
            lost += failure.lost if failure else []
        if lost:
            raise FetchError(told_of_lost(lost))

    def copy(self, extra_folders: list[str], folder: Path) -> None:
        """Take files from the user's folders; pip would ask its index all the same, which may name one that is gone."""
        for path in [path for name in extra_folders for path in found(Path(name), self.entries)]:
            if not (folder / path.name).exists() and sha256(path) == self.entries[path.name]["sha256"]:
                try:
                    shutil.copyfile(path, folder / path.name)
                except OSError as error:
                    raise FetchError(f"{path} cannot be copied ({error.strerror}). {pip.FULL}") from error
        self.store(folder)

    def fetch_torch(self, entry: nix.Entry, folder: Path, folders: list[str]) -> None:
        """Find the CPU wheel, which PyPI lacks: pip's configuration, the user's folders, then PyTorch's own index."""
        self.screen.say(f"{entry['file']} ...")
        failure = pip.download([entry], folder, folders, self.log)
        if failure and not processes.ending.is_set():
            self.screen.say(f"not where pip looks by itself; trying {entry['index']} ...")
            failure = pip.download([entry], folder, [*folders, "--extra-index-url", entry["index"]], self.log)
        self.store(folder)
        if failure:
            raise FetchError(
                f"no place has {entry['file']}.\n{failure.words}\n"
                "Either download that file elsewhere and name its folder (./quickstart --wheels FOLDER), "
                "or take the CUDA environment, whose files PyPI has "
                "(./quickstart --gpu, about 3.7 GB to download; runs on CPUs too)."
            )

    def left(self) -> list[nix.Entry]:
        """Return those that are not in the store yet."""
        return [entry for file, entry in self.entries.items() if file not in self.stored]

    def store(self, folder: Path) -> int:
        """Add what lies whole anywhere in `folder`, under the names that Nix allows, and remove it there; how many."""
        self.adding = True
        ready: dict[str, tuple[Path, int]] = {}
        for path in sorted(found(folder, self.entries)):
            entry = self.entries[path.name]
            # pip checks each file, but leaves a cut one behind when the disk is full or it is killed.
            if entry["path"] not in ready and path.name not in self.stored and sha256(path) == entry["sha256"]:
                named = folder / entry["storeName"]
                path.replace(named)
                ready[entry["path"]] = named, named.stat().st_size
                self.stored[entry["file"]] = named.stat().st_size
        self.add(ready)
        self.adding = False
        return len(ready)

    def add(self, ready: dict[str, tuple[Path, int]]) -> None:
        """Hand files to Nix, which must come to the same paths."""
        added = nix.add([named for named, _ in ready.values()]) if ready else []
        for (expected_path, (named, _)), path in zip(ready.items(), added):  # noqa: B905 - Python 3.9 knows no strict
            named.unlink()
            if path != expected_path:
                raise FetchError(f"wrong hash: {named.name} is not the file that the lock names")
        if added:
            self.screen.say(f"{len(added)} files added to the store")

    def progress(self) -> str:
        """Return how far it is."""
        arrived = dict(self.stored)
        for path in found(self.folder, self.entries) if self.folder else []:
            arrived[path.name] = max(size(path), arrived.get(path.name, 0))
        done = sum(arrived.values())
        total = sum(max(expected, arrived.get(file, 0)) for file, expected in self.sizes.items())
        text = f"{len(arrived)} of {len(self.entries)} packages, {done / 1e6:.0f} of {megabytes(total)}"
        return f"{text}, storing" if self.adding else f"{text}{self.clock.left(done, total)}"


def told_of_lost(entries: list[nix.Entry]) -> str:
    """Return what to do about files that no index has any more."""
    files = "\n".join(f"  {entry['file']}    (elsewhere: {entry['path']})" for entry in entries)
    names = " ".join(sorted({entry["name"] for entry in entries}))
    return (
        f"the package index has lost {len(entries)} of the locked files; all others are in the store:\n{files}\n"
        "Any copy will do, since each is checked against the lock. Put it under that name into a folder, from a "
        "machine that has this environment (its place in the store is given), and name that: "
        "./quickstart --wheels FOLDER. Or name an index that still has it (PIP_INDEX_URL). "
        f"Or take another release, and another environment: python3 python/lock.py --update {names}"
    )


def found(folder: Path, names: dict[str, nix.Entry]) -> list[Path]:
    """Return the files of these names in the folder, at any depth."""
    return [Path(where, file) for where, _, files in os.walk(folder) for file in files if file in names]


def size(path: Path) -> int:
    """Return a file's size; pip may have moved it this moment."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def expected(entries: list[nix.Entry]) -> dict[str, int]:
    """Return file -> size that it probably has."""
    known = json.loads(SIZES.read_text())
    return {entry["file"]: known.get(size_name(entry), UNKNOWN) for entry in entries}


def size_name(entry: nix.Entry) -> str:
    """Return the key in sizes.json: torch is two packages."""
    return f"{entry['name']}-cpu" if "index" in entry else str(entry["name"])


def sha256(file: Path) -> str:
    """Return a file's hash, read in parts: torch's CUDA wheel is larger than some machines' memory is free."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        for part in iter(lambda: stream.read(1 << 20), b""):
            digest.update(part)
    return digest.hexdigest()
