"""In a year: a mirror that has moved on, signed as a mirror is, and a snapshot service; real packages, no network."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from commands import ROOT
from fetching import mmdebstrap, pins
from fetching.debs import Debs, GoneError
from fetching.screen import Log, Screen
from roots import in_own_store

if TYPE_CHECKING:
    from collections.abc import Callable

MOVED = "tzdata"
"""The package that the mirror has a newer one of."""
# The step itself; it is told that nothing but the system is wanted.
FETCH = """
import sys; sys.path.insert(0, "nix/debian")
import fetch; from fetching import nix, program
real = nix.Output.missing
nix.Output.missing = lambda self: (real(self)[0], [])
program.run("fetch", fetch.parse(), fetch.main, "what was complete")
"""
TRUST = 'mount --bind "$1" /etc/apt/trusted.gpg.d && cd "$2" && shift 2 && exec "$@"'

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(os.geteuid() != 0, reason="a store and a trust of one's own need root"),
    pytest.mark.skipif(not all(map(shutil.which, ("mmdebstrap", "gpg"))), reason="no mmdebstrap or gpg here"),
]


def run(*words: str, folder: Path | None = None, **more: Any) -> str:
    """Run a command that must succeed."""
    return subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True, **more).stdout


class World:
    """Packages that were pinned, a mirror that has dropped one of them, and a snapshot service that keeps it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mirror, self.snapshot = folder / "mirror", folder / "snapshot"
        self.pin, files = self.frozen()
        for (name, entry), file in zip(self.pin["packages"].items(), files, strict=True):
            archive, _, path = entry["file"].partition("/")
            place = self.snapshot / archive / self.pin["moment"] / path
            if name != MOVED:
                place = self.mirror / entry["file"]
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
            if name == MOVED:
                self.newer(file)
        self.keys = self.signed()

    def frozen(self) -> tuple[dict[str, Any], list[Path]]:
        """Return the packages of the pin; where the world has lost them, those of today, as if they were pinned."""
        log, pin = Log("test-moved"), pins.read()
        try:
            try:
                return pin, Debs(pin, self.folder / "debs", Screen("test"), log).bring()
            except GoneError:
                pin = mmdebstrap.from_mirror(pin, self.folder / "system.tar")
                return pin, Debs(pin, self.folder / "debs", Screen("test"), log).bring()
        finally:
            log.path.unlink(missing_ok=True)

    def newer(self, file: Path) -> None:
        """Put the next release of a package into the mirror."""
        tree = self.folder / "tree"
        run("dpkg-deb", "--raw-extract", str(file), str(tree))
        control = tree / "DEBIAN" / "control"
        control.write_text(control.read_text().replace("\nVersion: ", "\nVersion: 9"))
        (self.mirror / "debian" / "pool" / "new").mkdir(parents=True)
        run("dpkg-deb", "--build", str(tree), str(self.mirror / "debian" / "pool" / "new"))

    def signed(self) -> Path:
        """Write the mirror's lists, signed by a key of our own; return a folder for apt that trusts it."""
        keys, home = self.folder / "keys", self.folder / "gnupg"
        shutil.copytree("/etc/apt/trusted.gpg.d", keys)
        home.mkdir(mode=0o700)
        gpg = ["gpg", "--homedir", str(home), "--batch", "--passphrase", ""]
        run(*gpg, "--quick-generate-key", "mirror@example.org", "rsa2048", "sign", "never")
        run(*gpg, "--output", str(keys / "test.gpg"), "--export")
        (keys / "test.gpg").chmod(0o644)
        suite = self.pin["suite"]
        for archive, name in (
            ("debian", suite),
            ("debian", f"{suite}-updates"),
            ("debian-security", f"{suite}-security"),
        ):
            self.release(self.mirror / archive, name, gpg)
        run("gpgconf", "--homedir", str(home), "--kill", "all")
        return keys

    @staticmethod
    def release(archive: Path, suite: str, gpg: list[str]) -> None:
        """Write the lists of one suite."""
        files = [] if suite.endswith("-updates") else sorted((archive / "pool").rglob("*.deb"))
        text = "".join(
            f"{run('dpkg-deb', '--field', str(file)).rstrip()}\nFilename: {file.relative_to(archive)}\n"
            f"Size: {file.stat().st_size}\nSHA256: {hashlib.sha256(file.read_bytes()).hexdigest()}\n\n"
            for file in files
        )
        folder = archive / "dists" / suite
        (folder / "main" / "binary-amd64").mkdir(parents=True)
        (folder / "main" / "binary-amd64" / "Packages").write_text(text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        (folder / "Release").write_text(
            f"Suite: {suite}\nCodename: {suite}\nDate: {formatdate(usegmt=True)}\nArchitectures: amd64\n"
            f"Components: main\nSHA256:\n {digest} {len(text.encode())} main/binary-amd64/Packages\n"
        )
        run(*gpg, "--clearsign", "--output", str(folder / "InRelease"), str(folder / "Release"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Make it."""
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def checkout(world: World, tmp_path: Path) -> Path:
    """Return a fresh clone of this work tree, with that pin."""
    folder = tmp_path / "checkout"
    for name in run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder=ROOT).split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    pins.write(world.pin, folder / "nix" / "debian" / "system.json")
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "all"]):
        run("git", *words, folder=folder)
    return folder


@pytest.fixture
def fetch(world: World, checkout: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return the fetch step of the Debian system, in a store of its own, without a network."""
    (tmp_path / "fetch.py").write_text(FETCH)
    (tmp_path / "tmp").mkdir()

    def fetched(*options: str, **settings: str) -> subprocess.CompletedProcess[str]:
        inner = ["python3", "-B", str(tmp_path / "fetch.py"), "jupyter-utils", *options]
        words = ["sh", "-c", TRUST, "sh", str(world.keys), str(checkout), *inner]
        env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        env |= {"DEBIAN_MIRROR": f"copy:{world.mirror}/debian", "TMPDIR": str(tmp_path / "tmp")}
        env |= {"DEBIAN_SECURITY_MIRROR": f"copy:{world.mirror}/debian-security", "DEBIAN_SNAPSHOT": "off", **settings}
        command = in_own_store(tmp_path / "nix", *words, network=False)
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    return fetched


def systems(folder: Path) -> list[Path]:
    """Return the Debian systems in a store."""
    return [path for path in (folder / "nix" / "store").glob("*-debian-*") if path.is_dir()]


def test_the_pinned_store_path_comes_out_of_a_moved_mirror(
    world: World, fetch: Callable[..., subprocess.CompletedProcess[str]], checkout: Path, tmp_path: Path
) -> None:
    """With a snapshot service for what is gone: the same store path, and nothing written into the checkout."""
    done = fetch("--locked", DEBIAN_SNAPSHOT=f"copy:{world.snapshot}")
    assert done.returncode == 0, done.stderr
    (system,) = systems(tmp_path)
    if world.pin == pins.read():
        assert str(system).endswith(pins.name(world.pin))
        assert (
            system.name == Path(run("nix", "eval", "--raw", "-f", str(ROOT / "nix/debian"), "files.system.path")).name
        )
    assert run("git", "status", "--porcelain", "--ignored", "--", "nix", folder=checkout) == ""
    assert not (checkout / ".cache" / "debian").exists()


def test_without_one_the_present_packages_stand_in(
    world: World, fetch: Callable[..., subprocess.CompletedProcess[str]], checkout: Path, tmp_path: Path
) -> None:
    """Loudly, as another environment; `--locked` is an error, and a second start has nothing to fetch."""
    refused = fetch("--locked")
    assert refused.returncode == 1
    assert f"lacks {MOVED}" in refused.stderr
    assert systems(tmp_path) == []
    done = fetch()
    assert done.returncode == 0, done.stderr
    assert "NOT THE PINNED DEBIAN SYSTEM" in done.stderr
    assert f"{MOVED}: {world.pin['packages'][MOVED]['version']} -> 9" in done.stderr
    assert run("git", "status", "--porcelain", folder=checkout) == ""
    kept = pins.read(checkout / ".cache" / "debian" / "system.json")
    assert kept["sha256"] != world.pin["sha256"]
    assert kept["packages"][MOVED]["file"].startswith("debian/pool/new/")
    again = fetch()
    assert again.returncode == 0, again.stderr
    assert "mmdebstrap" not in again.stderr
    assert "NOT THE PINNED DEBIAN SYSTEM" in again.stderr
