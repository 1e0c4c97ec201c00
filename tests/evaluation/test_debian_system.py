"""The Debian system has one hash, whatever makes it; a mirror that has moved on is said aloud."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from commands import ROOT
from fetching import FetchError, mmdebstrap, pins, tree
from fetching import nix as store
from roots import make_root, run_in

NOWHERE = "http://127.0.0.1:9"
MAKE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1] + "/nix/debian")
from fetching import debs, mmdebstrap, pins, screen, tree
pin, out = pins.read(), Path(sys.argv[2])
log = screen.Log("test-system")
files = debs.Debs(pin, out / "debs", screen.Screen("fetch"), log).bring()
mmdebstrap.from_files(pin, files, out / "system.tar")
tree.unpack(out / "system.tar", out / "system")
log.path.unlink(missing_ok=True)
"""


def pinned() -> str:
    """Return the hash that system.json names."""
    return str(pins.read()["sha256"])


def test_the_pin_is_whole() -> None:
    """It names the moment, and of each package the version, the file in its archive, the size and the SHA-256."""
    pin = pins.read()
    assert re.fullmatch(r"\d{8}T\d{6}Z", pin["moment"])
    assert set(pin["include"]) <= set(pin["packages"])
    for entry in pin["packages"].values():
        assert re.fullmatch(r"debian(-security)?/pool/\S+_(amd64|all)\.deb", entry["file"])
        assert re.fullmatch("[0-9a-f]{64}", entry["sha256"])
        assert entry["version"].rpartition(":")[2].replace("~", "") in entry["file"].replace("~", "")


def test_a_pin_is_read_as_it_was_written(tmp_path: Path) -> None:
    """In the same bytes, a package a line: a move of the pin can be read as a difference."""
    pins.write(pins.read(), tmp_path / "system.json")
    assert (tmp_path / "system.json").read_text() == pins.PIN.read_text()


@pytest.mark.skipif(shutil.which("mmdebstrap") is None, reason="no mmdebstrap on this machine")
def test_unreachable_debian_mirror_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Debian mirror that cannot be reached is named, with the setting that names another."""
    monkeypatch.setenv("DEBIAN_MIRROR", f"{NOWHERE}/debian")
    with pytest.raises(FetchError, match=rf"(?s){NOWHERE}/debian.*cannot be used; DEBIAN_MIRROR names another"):
        mmdebstrap.from_mirror(pins.read(), tmp_path / "system.tar")


def test_the_moment_is_the_mirrors_and_not_the_clocks() -> None:
    """A mirror that lags behind gave what the archive had then; the snapshot service needs half a day to have it."""
    told = [
        "Date: Sat, 11 Jul 2026 10:16:37 UTC",
        "Date: Wed, 25 Nov 2026 22:33:12 UTC",
        *("Package: b", "Version: 2", "Filename: pool/updates/main/b/b_2_all.deb", "Size: 20", "SHA256: bb"),
        *("Package: a", "Version: 1", "Filename: pool/main/a/a_1_all.deb", "Size: 10", "SHA256: aa"),
    ]
    made = mmdebstrap.made_of(told)
    assert made["moment"] == "20261126T103312Z"
    assert list(made["packages"]) == ["a", "b"]
    assert made["packages"]["b"] == {
        "version": "2",
        "file": "debian-security/pool/updates/main/b/b_2_all.deb",
        "size": 20,
        "sha256": "bb",
    }


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
