"""Other machines: the root folder of another Debian, entered with mounts and processes that vanish with the test."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from commands import ROOT
from fetching import places

if TYPE_CHECKING:
    from pathlib import Path

EMPTY_STORE = """
set -e
mount --bind "$1" /nix
cd "$2"
shift 2
exec "$@"
"""
ENTER = """
set -e
mkdir -p "$1/src" "$1/out"
mount --bind "$2" "$1/src"
mount --bind "$3" "$1/out"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
root=$1
shift 3
exec chroot "$root" "$@"
"""


def make_root(suite: str, folder: Path, *packages: str) -> Path:
    """Make a Debian of that suite from this machine's mirror; skip where that cannot be."""
    if os.geteuid() or shutil.which("mmdebstrap") is None:
        pytest.skip("making the root of another Debian needs root and mmdebstrap")
    root = folder / suite
    command = ["mmdebstrap", "--variant=minbase", f"--include={','.join(packages)}", "--skip=output/dev"]
    # A mirror that stands still offers lists that have expired.
    command += [
        "--aptopt=Acquire::Check-Valid-Until false",
        suite,
        str(root),
        f"deb {mirrors()['Debian']} {suite} main",
    ]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"the mirror gives no Debian {suite}: {made.stderr.splitlines()[-3:]}")
    for name in ("resolv.conf", "hosts"):
        shutil.copyfile(f"/etc/{name}", root / "etc" / name)
    return root


def mirrors() -> dict[str, str]:
    """Return label -> address of the mirrors of this machine's apt."""
    found = dict(places.apt_repositories())
    if "Debian" not in found:
        pytest.skip("this machine's apt knows no mirror of Debian")
    return found


def run_in(root: Path, out: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the root; the repository is at /src there, the folder `out` at /out."""
    enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, "sh"]
    known = mirrors()
    env = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    env |= {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "DEBIAN_MIRROR": known["Debian"]}
    env |= {"DEBIAN_SECURITY_MIRROR": known["Debian-Security"]} if "Debian-Security" in known else {}
    command = [*enter, str(root), str(ROOT), str(out), *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def in_own_store(store: Path, *words: str, network: bool = True) -> list[str]:
    """Return the command that runs another in the repository, with that folder as /nix."""
    if (shutil.which("nix") or "/nix").startswith("/nix") or os.geteuid():
        pytest.skip("a store of one's own at /nix needs root, and a Nix that does not lie there itself")
    store.mkdir(exist_ok=True)
    unshare = ["unshare", "--mount", *([] if network else ["--net"])]
    # The tests' own Python and its neighbours lie in the store that is hidden here.
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return [*unshare, "env", path, "sh", "-c", EMPTY_STORE, "sh", str(store), str(ROOT), *words]


def run_in_own_store(store: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the repository with that folder as /nix, and without a network."""
    command = in_own_store(store, *words, network=False)
    return subprocess.run(command, capture_output=True, text=True, check=False)
