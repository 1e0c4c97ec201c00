"""Where no place has the pinned Debian packages any more, something else stands in for them, and never pretends."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from archives import MOMENT, pin
from commands import ROOT, evaluated, nix
from fetching import FetchError, debian, mmdebstrap, pins
from fetching import nix as store
from fetching.debs import Debs, GoneError
from fetching.screen import Log, Screen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Machine:
    """A checkout with a pin of a few words, on a machine whose mirror has moved; no mmdebstrap works in it.

    Attributes:
        has: what of the pins' packages can be had: their moments.
        present: the content of the system that the mirror gives now.
        said: what the user was told.

    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.has: set[str] = set()
        self.present = "present"
        self.said: list[str] = []
        self.added: list[str] = []
        self.mark = uuid.uuid4().hex
        self.screen = Screen("fetch")
        monkeypatch.setattr(pins, "PIN", folder / "nix" / "system.json")
        monkeypatch.setattr(pins, "STAND_IN", folder / ".cache" / "debian" / "system.json")
        monkeypatch.setattr(Debs, "bring", lambda debs: self.bring(debs))  # noqa: PLW0108 - bound to the packages
        monkeypatch.setattr(mmdebstrap, "from_files", lambda pin, _files, archive, _hear: self.make(archive, pin))
        monkeypatch.setattr(mmdebstrap, "from_mirror", self.from_mirror)
        monkeypatch.setattr(self.screen, "say", self.said.append)
        monkeypatch.setattr(store, "add", self.add)
        self.pinned = self.made("pinned", MOMENT)
        pins.write(self.pinned, pins.PIN)
        self.before = pins.PIN.read_bytes()

    def made(self, content: str, moment: str) -> dict[str, Any]:
        """Return the pin of a system with that content."""
        folder = self.folder / uuid.uuid4().hex
        folder.mkdir()
        self.make(folder / "system.tar", pin(moment=moment, content=content))
        debian.tree.unpack(folder / "system.tar", folder / "root")
        return pin(moment=moment, content=content, sha256=store.hash_of_folder(folder / "root"))

    def make(self, archive: Path, made: dict[str, Any]) -> None:
        """Write a system."""
        with tarfile.open(archive, "w") as tar:
            for name, text in {"./etc": None, "./etc/fstab": "", "./etc/content": self.mark + made["content"]}.items():
                member = tarfile.TarInfo(name)
                member.type, member.mode = (tarfile.DIRTYPE, 0o755) if text is None else (tarfile.REGTYPE, 0o644)
                member.size = len(text or "")
                tar.addfile(member, io.BytesIO((text or "").encode()))

    def bring(self, debs: Debs) -> list[Path]:
        """Have the packages, or not."""
        if debs.pin["moment"] not in self.has:
            raise GoneError(f"the mirror lacks packages of {debs.pin['moment']}")
        return [self.folder]

    def from_mirror(self, pinned: dict[str, Any], archive: Path, _hear: Any) -> dict[str, Any]:
        """Make the present system."""
        packages = {**pinned["packages"], "p1": {**pinned["packages"]["p1"], "version": "2"}}
        found = {**pinned, "moment": f"now-{self.present}", "packages": packages, "content": self.present}
        self.make(archive, found)
        return found

    def add(self, paths: list[Path], *, recursive: bool) -> list[str]:
        """Add to the store, and remember what is to go again."""
        assert recursive
        words = ["nix-store", "--add-fixed", "--recursive", "sha256", *map(str, paths)]
        added = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
        self.added += added
        return added

    def fetch(self, **options: bool) -> None:
        """Fetch the system."""
        log = Log("test-stand-in")
        run = self.folder / f"run-{uuid.uuid4().hex}"
        run.mkdir()
        try:
            debian.System(self.screen, log, **options).fetch(run)
        finally:
            log.path.unlink(missing_ok=True)

    def collect(self) -> None:
        """Let the store lose all systems."""
        subprocess.run(["nix-store", "--delete", *self.added], capture_output=True, check=True)
        self.added = []


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Return such a machine."""
    made = Machine(tmp_path, monkeypatch)
    yield made
    if made.added:
        made.collect()


def test_the_pinned_one_wherever_it_can_be_had(machine: Machine) -> None:
    """Then nothing stands in for it, and nothing is written."""
    machine.has = {MOMENT}
    machine.fetch()
    assert pins.in_store(machine.pinned)
    assert pins.chosen() is None
    assert not pins.STAND_IN.exists()
    assert pins.PIN.read_bytes() == machine.before


def test_the_present_one_is_another_environment_and_says_so(machine: Machine) -> None:
    """The first start works on any day; the checkout stays as it is, and whoever looks is told."""
    machine.fetch()
    assert pins.PIN.read_bytes() == machine.before
    assert pins.chosen() == pins.STAND_IN
    said = "\n".join(machine.said)
    assert f"the mirror lacks packages of {MOMENT}" in said
    assert "NOT THE PINNED DEBIAN SYSTEM" in said
    assert "p1: 1 -> 2" in said
    assert "p2" not in said
    for remedy in ("./quickstart --locked", "nix run -f nix/debian --argstr pin", "fetch.py --update-pin"):
        assert remedy in said


def test_what_stands_in_stays_until_the_pin_can_be_had(machine: Machine) -> None:
    """A newer present version is no reason to change the environment under a user, nor is a collected store."""
    machine.fetch()
    first = pins.STAND_IN.read_bytes()
    machine.collect()
    assert pins.chosen() is None
    machine.present = "newer"
    machine.has = {"now-present"}
    machine.fetch()
    assert pins.STAND_IN.read_bytes() == first
    assert pins.chosen() == pins.STAND_IN
    machine.has = {MOMENT}
    machine.fetch(locked=True)
    assert pins.chosen() is None


def test_what_stood_in_may_be_gone_as_well(machine: Machine) -> None:
    """Then the present one stands in."""
    machine.fetch()
    machine.collect()
    machine.present = "newer"
    machine.fetch()
    assert pins.read(pins.STAND_IN)["moment"] == "now-newer"


def test_another_pin_makes_it_void(machine: Machine) -> None:
    """A checkout that was updated builds what it names now."""
    machine.fetch()
    pins.write({**machine.pinned, "sha256": "sha256-" + "B" * 43 + "="}, pins.PIN)
    assert pins.chosen() is None


def test_locked_takes_no_other(machine: Machine) -> None:
    """An error that names what is gone, and where it could still be."""
    with pytest.raises(FetchError, match=r"(?s)lacks packages.*DEBIAN_MIRROR.*DEBIAN_SNAPSHOT"):
        machine.fetch(locked=True)
    assert machine.added == []
    assert not pins.STAND_IN.exists()


def test_only_update_pin_moves_the_pin(machine: Machine) -> None:
    """To the mirror's present packages, though the pinned ones could be had; then it counts, and nothing else."""
    machine.has = {MOMENT}
    machine.fetch(update=True)
    assert pins.read()["moment"] == "now-present"
    assert pins.chosen() is None
    assert "p1: 1 -> 2" in machine.said[-1]


def test_a_machine_that_makes_something_else_of_the_same_packages(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one with an mmdebstrap of years to come: another environment, too."""
    machine.has = {MOMENT}
    make = machine.make
    monkeypatch.setattr(
        mmdebstrap, "from_files", lambda _pin, _files, archive, _hear: make(archive, {"content": "other"})
    )
    with pytest.raises(FetchError, match="make sha256-"):
        machine.fetch(locked=True)
    machine.fetch()
    assert pins.chosen() == pins.STAND_IN


def test_a_checkout_that_cannot_be_written_to_is_named(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is added of which nobody could say what it is."""
    monkeypatch.setattr(pins, "STAND_IN", machine.folder / "nix" / "system.json" / "debian.json")
    with pytest.raises(FetchError, match="use a checkout that you can write to"):
        machine.fetch()
    assert machine.added == []


def test_a_pin_of_an_earlier_version_names_no_files() -> None:
    """The mirror's present system is looked at then: it may be that very one."""
    log = Log("test-stand-in")
    old = pin(packages={"p1": "1"})
    with pytest.raises(GoneError, match="earlier version"):
        Debs(old, ROOT, Screen("fetch"), log).bring()
    assert pins.moved(old, pin()).splitlines()[0] == "  p0: absent -> 1"


def test_the_environments_record_says_whether_it_is_the_pinned_one(tmp_path: Path) -> None:
    """And the same hash from another file is the same environment."""
    record = "environment.record"
    assert json.loads(evaluated("-f", "nix/debian", record))["pinned"] is True
    pins.write(pins.read(), tmp_path / "same.json")
    pins.write({**pins.read(), "sha256": "sha256-" + "B" * 43 + "="}, tmp_path / "other.json")
    same, other = ["--argstr", "pin", str(tmp_path / "same.json")], ["--argstr", "pin", str(tmp_path / "other.json")]
    assert json.loads(evaluated("-f", "nix/debian", *other, record))["pinned"] is False
    path = evaluated("-f", "nix/debian", "lab.outPath")
    assert evaluated("-f", "nix/debian", *same, "lab.outPath") == path
    assert evaluated("-f", "nix/debian", *other, "lab.outPath") != path


def test_a_system_that_is_missing_says_who_brings_it(tmp_path: Path) -> None:
    """With the words of the fetch step, which says the rest."""
    pins.write({**pins.read(), "sha256": "sha256-" + "B" * 43 + "="}, tmp_path / "other.json")
    result = nix("build", "-f", "nix/debian", "--argstr", "pin", str(tmp_path / "other.json"), "lab", "--no-link")
    assert "python3 nix/debian/fetch.py lab" in result.stderr
    assert "the pinned Debian system" in result.stderr
