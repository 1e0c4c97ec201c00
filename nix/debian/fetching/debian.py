"""The Debian system: made by mmdebstrap, the same to the bit from every mirror and on every machine."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

from . import FetchError, network_advice, nix, processes, tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .screen import Log, Screen

Pin = dict[str, Any]
"""The content of system.json."""

PIN = nix.BASE / "system.json"


class System:
    """The Debian system of one fetch."""

    def __init__(self, screen: Screen, log: Log, *, locked: bool) -> None:
        """`locked`: where the mirror has newer versions than the pin, raise instead of taking them."""
        self.screen = screen
        self.log = log
        self.locked = locked
        self.doing = "asking the mirror"

    def fetch(self, folder: Path) -> None:
        """Bring the pinned system into the store.

        Where the mirror has newer versions than the pin, take them, say which, and write the new pin.
        """
        pin = json.loads(PIN.read_text())
        root, archive = folder / f"debian-{pin['suite']}", folder / "system.tar"
        self.screen.say(f"the Debian system ({pin['suite']}) by mmdebstrap ...")
        bootstrap(pin, archive, self.hear)
        self.doing = "unpacking"
        tree.unpack(archive, root)
        archive.unlink()
        self.doing = "checking and storing"
        found = {**pin, "sha256": nix.hash_of_folder(root), "packages": tree.versions(root)}
        if found["sha256"] != pin["sha256"]:
            accept(pin, found, locked=self.locked, say=self.screen.say)
        nix.add([root], recursive=True)
        self.screen.say("the Debian system is in the store")

    def hear(self, line: str) -> None:
        """Take notice of what mmdebstrap says."""
        self.log.add(f"mmdebstrap: {line}")
        if told := re.match(r"I: (running|downloading|extracting|installing|cleaning|creating) ", line):
            self.doing = told[1]

    def progress(self) -> str:
        """Return how far it is."""
        return f"Debian: {self.doing}"


def bootstrap(pin: Pin, archive: Path, hear: Callable[[str], None] = print) -> None:
    """Run mmdebstrap, which checks Debian's signatures; proxies reach it by the environment only.

    `hear` is handed each line that it prints. It works in the folder of `archive`.
    """
    words = [
        *("mmdebstrap", "--variant=minbase", "--format=tar", "--architectures=amd64"),
        f"--include={','.join(pin['include'])}",
        *(pin["suite"], str(archive), *sources(pin["suite"])),
    ]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(pin["epoch"]), "TMPDIR": str(archive.parent)}
    said: list[str] = []

    def line(text: str) -> None:
        said.append(text)
        hear(text)

    if processes.lines([*namespace(), *words], line, env=environment):
        raise FetchError(explained("\n".join(said), shlex.join(words[:2])))


def namespace() -> list[str]:
    """Return the words that put a command of root's into namespaces, with which its mounts vanish when it is killed.

    Without root mmdebstrap makes its own; where the machine forbids them (some containers), it mounts nothing.
    """
    words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() or processes.output([*words, "true"])[0]:
        return []
    return words


def explained(output: str, command: str) -> str:
    """Return mmdebstrap's complaint with its remedy."""
    tail = "\n".join(output.strip().splitlines()[-12:])
    if "No space left" in output:
        remedy = "The disk for temporary files is full: free some space, or name another folder by TMPDIR."
    elif re.search(
        r"Could not (connect|resolve|handshake)|Failed to fetch|Connection|proxy|E: .*(40[0-9]|50[0-9]) ", output
    ):
        remedy = f"The Debian mirror cannot be used; DEBIAN_MIRROR names another. {network_advice()}."
    elif re.search("unshare|newuidmap|namespace|unable to pick chroot mode", output):
        remedy = "Without root, mmdebstrap needs user namespaces and the package uidmap; or run the fetch step by sudo."
    elif "NO_PUBKEY" in output or "not signed" in output:
        remedy = "This machine lacks Debian's keys: install the package debian-archive-keyring."
    else:
        remedy = "mmdebstrap's own words are above."
    return f"{command} failed:\n{tail}\n{remedy}"


def sources(suite: str) -> list[str]:
    """Return the lines for mmdebstrap's sources: the suite, its updates and its security updates.

    DEBIAN_MIRROR and DEBIAN_SECURITY_MIRROR come first, then this machine's apt. Where neither knows a mirror (on
    Ubuntu), no line is given, and mmdebstrap takes Debian's own, which it knows.
    """
    known = dict(apt_repositories())
    mirror = os.environ.get("DEBIAN_MIRROR") or known.get("Debian")
    if not mirror:
        return []
    named = os.environ.get("DEBIAN_SECURITY_MIRROR")
    apts = None if os.environ.get("DEBIAN_MIRROR") else known.get("Debian-Security")
    security = named or apts or f"{mirror.rstrip('/')}-security"
    return [
        f"deb {mirror.rstrip('/')} {suite} main",
        f"deb {mirror.rstrip('/')} {suite}-updates main",
        f"deb {security.rstrip('/')} {suite}-security main",
    ]


def apt_repositories() -> list[tuple[str, str]]:
    """Return (label, address) of the repositories that this machine's apt knows."""
    words = ["apt-get", "indextargets", "--format", "$(LABEL)\t$(REPO_URI)", "Created-By: Packages"]
    result = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    return [(row[0], row[1]) for row in rows if len(row) == 2]  # noqa: PLR2004 - label and address


def accept(pin: Pin, found: Pin, *, locked: bool, say: Callable[[str], None]) -> None:
    """Say what moved and write the new pin, or raise where the pin must hold."""
    before, after = pin["packages"], found["packages"]
    moved = [
        f"  {name}: {before.get(name, 'absent')} -> {after.get(name, 'absent')}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
    what = "\n".join(moved) or "  no version moved, but a file's content differs"
    text = f"the mirror's Debian system is not the pinned one ({pin['sha256']}, got {found['sha256']}):\n{what}"
    if locked:
        raise FetchError(
            f"{text}\n--locked asks for the pinned one: use a mirror that keeps it (DEBIAN_MIRROR), or drop --locked."
        )
    try:
        PIN.write_text(json.dumps(found, indent=2) + "\n")
    except OSError as error:
        raise FetchError(
            f"{text}\n{PIN} cannot be rewritten ({error.strerror}); use a checkout that you can write to."
        ) from error
    say(
        f"{text}\nTaken, since apt has checked its signatures, and written to {os.path.relpath(PIN)}; commit that file."
    )
