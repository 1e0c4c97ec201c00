"""The .deb files of a pin, each by name and hash, wherever it still is: the mirror, then Debian's snapshot service.

No signature is asked for here: a hash in the pin says more. (apt has checked the signatures when the pin was made.)
"""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from . import FetchError, places, processes, web
from .progress import Clock, megabytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from .pins import Pin
    from .places import Place
    from .screen import Log, Screen

T = TypeVar("T")
SHOWN = 4
"""Packages that are named of those that are gone."""


class GoneError(FetchError):
    """No place has all the pinned files any more."""


class Deb(NamedTuple):
    """A pinned file."""

    package: str
    version: str
    file: str
    size: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


class Debs:
    """Those of one pin, in a folder that an interrupted fetch leaves for the next one."""

    def __init__(self, pin: Pin, folder: Path, screen: Screen, log: Log) -> None:
        """Nothing is asked for yet."""
        self.pin = pin
        self.folder = folder
        self.screen = screen
        self.log = log
        self.debs = [Deb(name, **entry) for name, entry in pin["packages"].items()] if described(pin) else []
        self.have = self.come = 0
        self.clock = Clock()
        self.lock = threading.Lock()

    def bring(self) -> list[Path]:
        """Load what the folder lacks; return all files, in the pin's order.

        Where something is can be seen before anything is loaded.

        Raises:
            GoneError: some are nowhere.
            FetchError: a place that may have them could not be asked.

        """
        if not self.debs:
            raise GoneError("this pin is of an earlier version of this project, and names no files")
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o755)
        left = [deb for deb in self.debs if not self.whole(deb)]
        self.have = sum(deb.size for deb in self.debs) - sum(deb.size for deb in left)
        asked = [place for place in (places.mirror(), places.snapshot(self.pin["moment"])) if place]
        while left:
            failures = [failure for place, debs in self.sought(left, asked) for failure in self.loaded(place, debs)]
            left = [deb for deb in left if not self.path(deb).exists()]
            if others := [failure for failure in failures if not isinstance(failure, web.AbsentError)]:
                raise others[0]
            # Who offers another file under a pinned name is not asked again.
            asked = asked[1:]
        return [self.path(deb) for deb in self.debs]

    def sought(self, debs: list[Deb], asked: list[Place]) -> list[tuple[Place, dict[Deb, str]]]:
        """Ask the places, in their order, which of them has what; return that."""
        found: list[tuple[Place, dict[Deb, str]]] = []
        said: list[str] = []
        silent: list[FetchError] = []
        for place in asked:
            answers = self.each(place, debs, lambda deb, place=place: address_of(place, deb))  # type: ignore[misc]
            there = {deb: answer for deb, answer in answers.items() if isinstance(answer, str)}
            debs = [deb for deb in debs if deb not in there]
            found.append((place, there))
            if not debs:
                return found
            unreachable = [answer for answer in answers.values() if isinstance(answer, web.UnreachableError)]
            silent += unreachable[:1] if place is asked[0] else []
            said.append(
                f"{place.name} {f'cannot be asked ({unreachable[0]})' if unreachable else f'lacks {named(debs)}'}"
            )
            self.log.add(said[-1])
        if silent:
            # What a mirror has that gives no answer is no question of versions.
            raise silent[0]
        raise GoneError("; ".join(said) or f"no place is left that may have {named(debs)}")

    def loaded(self, place: Place, debs: dict[Deb, str]) -> list[FetchError]:
        """Load files from a place; return what went wrong."""
        answers = self.each(place, list(debs), lambda deb: self.load(deb, debs[deb]))
        return [answer for answer in answers.values() if isinstance(answer, FetchError)]

    def load(self, deb: Deb, address: str) -> None:
        """Load a file."""
        self.log.add(f"{deb}: {address}")
        web.load(address, self.path(deb), deb.sha256, self.count)

    def each(self, place: Place, debs: list[Deb], work: Callable[[Deb], T]) -> dict[Deb, T | FetchError]:
        """Do something for each file, as many at once as the place bears; an error stands for the result."""
        silent: list[FetchError] = []

        def safe(deb: Deb) -> T | FetchError:
            if silent:
                return silent[0]
            try:
                return work(deb)
            except FetchError as error:
                # Who does not answer once is not waited for a hundred times.
                silent.extend([error] if isinstance(error, web.UnreachableError) else [])
                return error

        with ThreadPoolExecutor(place.at_once) as pool:
            answers = dict(zip(debs, pool.map(safe, debs)))  # noqa: B905 - Python 3.9 knows no strict
        if processes.ending.is_set():
            raise FetchError("interrupted")
        return answers

    def count(self, size: int) -> None:
        """Take notice of bytes that have come."""
        with self.lock:
            self.come += size

    def path(self, deb: Deb) -> Path:
        """Return where a file lies here."""
        return self.folder / Path(deb.file).name

    def whole(self, deb: Deb) -> bool:
        """Return whether a file is here already."""
        path = self.path(deb)
        return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == deb.sha256

    def progress(self) -> str:
        """Return how far it is."""
        total = sum(deb.size for deb in self.debs)
        done = self.have + self.come
        return (
            f"{done / 1e6:.0f} of {megabytes(total)}{self.clock.left(done, total)}"
            if self.come
            else "asking for packages"
        )


def described(pin: Pin) -> bool:
    """Return whether the pin names files, and not only versions."""
    return all(isinstance(entry, dict) for entry in pin["packages"].values())


def address_of(place: Place, deb: Deb) -> str:
    """Return where a place has a file."""
    absent: Any = None
    for address in place.addresses(deb.file):
        try:
            web.check(address)
        except web.AbsentError as error:
            absent = error
        else:
            return address
    raise absent or web.AbsentError(f"{place.name} has no such archive")


def named(debs: list[Deb]) -> str:
    """Return the names of some packages, and how many others there are."""
    more = f" and {len(debs) - SHOWN} others" if len(debs) > SHOWN else ""
    return f"{', '.join(map(str, debs[:SHOWN]))}{more}"
