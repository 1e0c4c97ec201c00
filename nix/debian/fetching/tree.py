"""What is kept of the Debian system: the same to the bit, whichever mmdebstrap and Python made it."""

from __future__ import annotations

import os
import re
import tarfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

# What differs from machine to machine, from mirror to mirror or from run to run, and what nobody reads here.
LEFT_OUT = re.compile(
    r"\./(dev|proc|sys|run|tmp|boot|home|media|mnt|opt|srv)/.+"
    r"|\./etc/(hostname|hosts|resolv\.conf|machine-id|mtab|\.pwd\.lock|(shadow|gshadow|passwd|group)-)"
    r"|\./etc/apt/.+|\./var/(lib/apt|cache|log|backups|tmp)/.+|\./var/lib/dpkg/.+-old"
    r"|\./usr/share/(doc|man|info|locale|lintian|bug)/.+"
    r"|(.*/)?__pycache__(/.*)?"
    # Of the compiler, which torch.compile and Triton start: what optimizes whole programs at once (64 MB), sanitizers
    # (29), a static Python (25), profiling and a second linker (10).
    r"|\./usr/(.*/)?(lto1|(x86_64-linux-gnu-)?(lto-dump|dwp|ld\.gold|gp-|gprofng).*|libgprofng.*)"
    r"|\./usr/(.*/)?lib([alt]|ub)san[._].*|\./usr/(.*/)?libpython3\.11(-pic)?\.a"
)
# What mmdebstrap itself writes, each release of it in its own words: these are the words of 1.3.
WRITTEN = {"./etc/fstab": b"# UNCONFIGURED FSTAB FOR BASE SYSTEM\n"}


def unpack(archive: Path, root: Path) -> None:
    """Unpack what is kept; owners and times go, since Nix has none."""
    root.mkdir()
    # Python 3.14 refuses a system's absolute links unless told to trust them (apt has checked); 3.11.2 cannot be told.
    trust: dict[str, Any] = {"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}
    with tarfile.open(archive) as tar:
        for member in tar:
            if LEFT_OUT.fullmatch(member.name) or not (
                member.isfile() or member.isdir() or member.issym() or member.islnk()
            ):
                continue
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.uid, member.gid = os.getuid(), os.getgid()
            tar.extract(member, root, **trust)
    for name, content in WRITTEN.items():
        (root / name).write_bytes(content)
