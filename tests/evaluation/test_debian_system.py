"""The Debian system has one hash, whatever makes it; a mirror that has moved on is said aloud."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from commands import ROOT
from fetching import FetchError, debian, tree
from fetching import nix as store
from roots import make_root, run_in

NOWHERE = "http://127.0.0.1:9"
PIN = {"suite": "bookworm", "sha256": "sha256-a", "packages": {"git": "1", "perl": "5"}}
MOVED = {**PIN, "sha256": "sha256-b", "packages": {"git": "2", "perl": "5"}}
MAKE = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1] + "/nix/debian")
from fetching import debian, tree
archive = Path(sys.argv[2], "system.tar")
debian.bootstrap(json.loads(debian.PIN.read_text()), archive)
tree.unpack(archive, Path(sys.argv[2], "system"))
"""


def pinned() -> str:
    """Return the hash that system.json names."""
    return str(json.loads(debian.PIN.read_text())["sha256"])


@pytest.mark.skipif(shutil.which("mmdebstrap") is None, reason="no mmdebstrap on this machine")
def test_unreachable_debian_mirror_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Debian mirror that cannot be reached is named, with the setting that names another."""
    monkeypatch.setenv("DEBIAN_MIRROR", f"{NOWHERE}/debian")
    pin = json.loads(debian.PIN.read_text())
    with pytest.raises(FetchError, match=rf"(?s){NOWHERE}/debian.*cannot be used; DEBIAN_MIRROR names another"):
        debian.bootstrap(pin, tmp_path / "system.tar")


def test_locked_refuses_newer_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --locked a mirror that has moved on is an error that names the package and both versions."""
    monkeypatch.setattr(debian, "PIN", tmp_path / "system.json")
    with pytest.raises(FetchError, match=r"git: 1 -> 2"):
        debian.accept(PIN, MOVED, locked=True, say=pytest.fail)
    assert not (tmp_path / "system.json").exists()


def test_newer_packages_become_the_pin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --locked they are taken, said aloud, and written down."""
    monkeypatch.setattr(debian, "PIN", tmp_path / "system.json")
    said: list[str] = []
    debian.accept(PIN, MOVED, locked=False, say=said.append)
    assert json.loads((tmp_path / "system.json").read_text()) == MOVED
    assert "git: 1 -> 2" in said[0]
    assert "perl" not in said[0]


def packed(folder: Path, fstab: str) -> Path:
    """Return the archive of a system with an absolute link, a program, and that fstab."""
    system = folder / "made"
    (system / "etc").mkdir(parents=True)
    (system / "etc" / "fstab").write_text(fstab)
    (system / "etc" / "awk").symlink_to("/usr/bin/mawk")
    program = system / "etc" / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o750)
    with tarfile.open(folder / "system.tar", "w") as tar:
        tar.add(system, arcname=".")
    return folder / "system.tar"


@pytest.mark.parametrize("fstab", ["# UNCONFIGURED FSTAB FOR BASE SYSTEM\n", "# another release\n#\n# words\n"])
def test_every_mmdebstrap_writes_the_same_fstab(tmp_path: Path, fstab: str) -> None:
    """What a release of mmdebstrap writes into a system of its own accord is no part of its hash."""
    tree.unpack(packed(tmp_path, fstab), tmp_path / "root")
    assert (tmp_path / "root" / "etc" / "fstab").read_text() == "# UNCONFIGURED FSTAB FOR BASE SYSTEM\n"


def test_absolute_links_are_unpacked_by_every_python(tmp_path: Path) -> None:
    """A system's absolute links come out as they are, in Python 3.9 as in 3.14, which refuses them by default."""
    tree.unpack(packed(tmp_path, ""), tmp_path / "root")
    assert (tmp_path / "root" / "etc" / "awk").readlink() == Path("/usr/bin/mawk")
    assert os.access(tmp_path / "root" / "etc" / "program", os.X_OK)


@pytest.mark.full
@pytest.mark.parametrize("suite", ["bookworm", "trixie", "sid"])
def test_system_is_the_same_from_every_debian(suite: str, tmp_path: Path) -> None:
    """Debian 12, 13 and sid (Python 3.11, 3.13, 3.14; mmdebstrap 1.3 to 1.6) make the pinned system, bit for bit."""
    root = make_root(suite, tmp_path, "mmdebstrap", "python3", "ca-certificates", "debian-archive-keyring")
    (tmp_path / "out").mkdir()
    made = run_in(root, tmp_path / "out", "python3", "-B", "-c", MAKE, "/src", "/out")
    assert made.returncode == 0, made.stderr
    assert store.hash_of_folder(tmp_path / "out" / "system") == pinned()


@pytest.mark.full
@pytest.mark.skipif(os.geteuid() != 0, reason="another host name, and being another user, needs root")
@pytest.mark.parametrize("host", ["alpha", "beta"])
def test_system_is_the_same_on_every_host(host: str, tmp_path: Path) -> None:
    """The Debian system has one hash, whatever the machine is called, where its user is, and what its umask is."""
    zones = {"alpha": "Asia/Tokyo", "beta": "America/New_York"}
    command = f'hostname {host} && umask 077 && exec "$@"'
    words = ["unshare", "--uts", "sh", "-c", command, "sh", sys.executable, "-B", "-c", MAKE, str(ROOT), str(tmp_path)]
    subprocess.run(words, env={**os.environ, "TZ": zones[host], "LANG": "ja_JP.UTF-8"}, check=True)
    assert store.hash_of_folder(tmp_path / "system") == pinned()
