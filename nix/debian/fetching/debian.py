"""The Debian system of one fetch: as it is pinned, from whichever place still has it; else what stands in for it."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from . import FetchError, mmdebstrap, nix, pins, tree
from .debs import Debs, GoneError

if TYPE_CHECKING:
    from pathlib import Path

    from .pins import Pin
    from .screen import Log, Screen


class System:
    """The Debian system of one fetch."""

    def __init__(
        self, screen: Screen, log: Log, pinned: Pin | None = None, *, locked: bool = False, update: bool = False
    ) -> None:
        """`locked`: the pinned one, or an error. `update`: the mirror's present one, which becomes the pin.

        `pinned` is the pin, the checkout's where none is given.
        """
        self.pinned = pinned or pins.read()
        self.screen = screen
        self.log = log
        self.locked = locked
        self.update = update
        self.doing = "asking the mirror"
        self.debs: Debs | None = None

    def fetch(self, folder: Path) -> None:
        """Bring a system into the store; `folder` is this run's, and packages that came stay beside it meanwhile.

        Raises:
            FetchError: there is none to be had, or with `locked`, not the pinned one.

        """
        pinned = self.pinned
        if self.update:
            self.move(pinned, folder)
            return
        try:
            self.put_together(pinned, folder)
        except GoneError as gone:
            if self.locked:
                raise FetchError(
                    f"The pinned Debian system cannot be had: {gone}.\n--locked asks for no other: name a mirror that "
                    "has it (DEBIAN_MIRROR), or a mirror of Debian's snapshot service (DEBIAN_SNAPSHOT); or drop "
                    "--locked, and take the present packages as another environment."
                ) from gone
            self.screen.say(f"the pinned Debian system cannot be had: {gone}")
            self.stand_in(pinned, folder)

    def put_together(self, pin: Pin, folder: Path) -> None:
        """Make the system of a pin from its packages, and add it to the store.

        Raises:
            GoneError: some of its packages are nowhere, or the machine makes something else of them.

        """
        debs = folder.parent / "debs"
        self.debs = Debs(pin, debs, self.screen, self.log)
        self.doing = "packages"
        files = self.debs.bring()
        self.screen.say(f"the Debian system ({pin['suite']}, {len(files)} packages) by mmdebstrap ...")
        archive = folder / "system.tar"
        mmdebstrap.from_files(pin, files, archive, self.hear)
        found = self.unpacked(pin, archive)
        shutil.rmtree(debs, ignore_errors=True)
        if found != pin["sha256"]:
            raise GoneError(
                f"this machine's mmdebstrap and dpkg make {found} of the pinned packages, and not {pin['sha256']}"
            )
        self.store(pin, folder)

    def stand_in(self, pinned: Pin, folder: Path) -> None:
        """Bring what stands in for the pin: what did so before, if that can still be had, else the present packages."""
        kept = pins.stand_in(pinned)
        if kept:
            try:
                self.put_together(kept, folder)
            except GoneError as gone:
                self.screen.say(f"nor can what stood in for it: {gone}")
            else:
                self.screen.say(pins.told(kept))
                return
        found = self.newest(pinned, folder)
        if found["sha256"] != pinned["sha256"]:
            pins.write({**found, "instead_of": pinned["sha256"]}, pins.STAND_IN)
        self.store(found, folder)
        if found["sha256"] != pinned["sha256"]:
            self.screen.say(f"{pins.told(found)}\n{pins.moved(pinned, found)}")

    def move(self, pinned: Pin, folder: Path) -> None:
        """Make the present system the pin."""
        found = self.newest(pinned, folder)
        pins.write(found, pins.PIN)
        self.store(found, folder)
        if found["sha256"] == pinned["sha256"]:
            self.screen.say(f"the mirror has the pinned packages; the pin names the moment {found['moment']} now")
        else:
            self.screen.say(f"the pin has moved; commit nix/debian/system.json:\n{pins.moved(pinned, found)}")

    def newest(self, pinned: Pin, folder: Path) -> Pin:
        """Make the system of the mirror's present packages; return its pin."""
        self.screen.say(f"the Debian system ({pinned['suite']}) of the mirror's present packages by mmdebstrap ...")
        self.debs, self.doing = None, "asking the mirror"
        archive = folder / "system.tar"
        found = mmdebstrap.from_mirror(pinned, archive, self.hear)
        return {**found, "sha256": self.unpacked(found, archive)}

    def unpacked(self, pin: Pin, archive: Path) -> str:
        """Unpack what is kept of a system, and return its hash."""
        self.doing = "unpacking"
        root = archive.parent / pins.name(pin)
        shutil.rmtree(root, ignore_errors=True)
        tree.unpack(archive, root)
        archive.unlink()
        self.doing = "checking and storing"
        return nix.hash_of_folder(root)

    def store(self, pin: Pin, folder: Path) -> None:
        """Add the unpacked system to the store."""
        nix.add([folder / pins.name(pin)], recursive=True)
        self.screen.say("the Debian system is in the store")

    def hear(self, line: str) -> None:
        """Take notice of what mmdebstrap says."""
        self.log.add(f"mmdebstrap: {line}")
        if told := re.match(r"I: (running|downloading|extracting|installing|cleaning|creating) ", line):
            self.doing = told[1]

    def progress(self) -> str:
        """Return how far it is."""
        return f"Debian: {self.debs.progress() if self.debs and self.doing == 'packages' else self.doing}"
