"""Where Debian's packages are: this machine's mirror, and Debian's snapshot service, which keeps every moment."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import masked

ARCHIVES = ("debian", "debian-security")
"""The two archives that a Debian system comes from."""
SNAPSHOT = "https://snapshot.debian.org/archive"


@dataclass(frozen=True)
class Place:
    """Addresses of the two archives, and how many requests at once the place is asked."""

    name: str
    archives: dict[str, str]
    at_once: int

    def addresses(self, file: str) -> list[str]:
        """Return where a pinned file may be: a point release moves security updates into the other archive's pool."""
        archive, _, path = file.partition("/")
        moved = re.sub(r"^pool/updates/", "pool/", path)
        places = [(archive, path), ("debian", moved)]
        return [f"{self.archives[one]}/{where}" for one, where in dict.fromkeys(places) if one in self.archives]


def mirror() -> Place | None:
    """Return this machine's mirror: DEBIAN_MIRROR and DEBIAN_SECURITY_MIRROR, apt's, else Debian's own."""
    known = dict(zip(ARCHIVES, mirrors() or debians_own()))  # noqa: B905 - Python 3.9 knows no strict
    return Place(f"the mirror {masked(known['debian'])}", known, 16) if known else None


def snapshot(moment: str) -> Place | None:
    """Return Debian's snapshot service at that moment, or the mirror of it that DEBIAN_SNAPSHOT names; None if off."""
    base = os.environ.get("DEBIAN_SNAPSHOT") or SNAPSHOT
    if base == "off":
        return None
    base = base.rstrip("/")
    # It refuses whoever asks for much at once.
    return Place(f"the snapshot {masked(base)}", {one: f"{base}/{one}/{moment}" for one in ARCHIVES}, 2)


def sources(suite: str) -> list[str]:
    """Return the lines for mmdebstrap's sources: the suite, its updates and its security updates.

    Where nobody knows a mirror, no line is given, and mmdebstrap takes Debian's own.
    """
    known = mirrors()
    if known is None:
        return []
    main, security = known
    return [f"deb {main} {suite} main", f"deb {main} {suite}-updates main", f"deb {security} {suite}-security main"]


def mirrors() -> tuple[str, str] | None:
    """Return the mirrors of both archives, as the settings or else apt say; None where neither does (on Ubuntu)."""
    named = os.environ.get("DEBIAN_MIRROR")
    known = {} if named else dict(apt_repositories())
    main = named or known.get("Debian")
    if not main:
        return None
    beside = known.get("Debian-Security") or f"{main.rstrip('/')}-security"
    security = os.environ.get("DEBIAN_SECURITY_MIRROR") or beside
    return main.rstrip("/"), security.rstrip("/")


def debians_own() -> tuple[str, ...]:
    """Return the servers that mmdebstrap takes where it is told of no mirror."""
    program = shutil.which("mmdebstrap")
    text = Path(program).read_text(encoding="utf-8", errors="replace") if program else ""
    found = [re.search(rf"\$({name})\s*=\s*'([^']+)'", text) for name in ("mirror", "secmirror")]
    return tuple(one[2] for one in found if one) if all(found) else ()


def apt_repositories() -> list[tuple[str, str]]:
    """Return (label, address) of the repositories that this machine's apt knows."""
    words = ["apt-get", "indextargets", "--format", "$(LABEL)\t$(REPO_URI)", "Created-By: Packages"]
    try:
        result = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    except FileNotFoundError:
        return []
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    return [(row[0], row[1]) for row in rows if len(row) == 2]  # noqa: PLR2004 - label and address
