"""The user namespace of a container: whom its users are on the host (user_namespaces(7)).

Engines that root runs leave the numbers as they are. A rootless engine (Docker, Podman) makes root of the container the
user who runs the engine, and all others numbers that belong to nobody. `dockerd --userns-remap` makes all of them such
numbers. Where the whole machine is a container (LXC, sysbox) the numbers differ as well, and mean the same as outside
of Docker: nothing is known against them.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["plain", "rootless", "remapped"]

_PROC = Path("/proc/self")
_NAMED_VOLUME = re.compile(r"/volumes/[^/]+/_data(/|$)")
# Kubernetes and Docker Desktop translate the numbers of a mount back, so that files belong to whom they seem to.
_TRANSLATING = {"shiftfs", "fakeowner"}


@dataclass(frozen=True)
class IdMap:
    """A map of users or groups: rows of (first number inside, first number outside, how many)."""

    rows: tuple[tuple[int, int, int], ...]

    @classmethod
    def parse(cls, text: str) -> IdMap:
        """Read what /proc/PID/uid_map holds.

        >>> IdMap.parse("0 1001 65536").outside(1000)
        2001
        """
        rows = [tuple(int(number) for number in line.split()) for line in text.splitlines()]
        return cls(tuple((row[0], row[1], row[2]) for row in rows))

    def outside(self, number: int) -> int | None:
        """Return the number outside; None if the map has none for it."""
        for first, outside, count in self.rows:
            if first <= number < first + count:
                return outside + number - first
        return None

    @property
    def covered(self) -> str:
        """The numbers that there are inside, for people."""
        spans = ((first, first + count - 1) for first, _, count in sorted(self.rows))
        joined: list[tuple[int, int]] = []
        for first, last in spans:
            if joined and joined[-1][1] + 1 == first:
                joined[-1] = (joined[-1][0], last)
            else:
                joined.append((first, last))
        return " and ".join(f"{first} to {last}" if last > first else str(first) for first, last in joined)


@dataclass(frozen=True)
class Mount:
    """A line of /proc/PID/mountinfo."""

    point: Path
    root: str
    options: frozenset[str]
    kind: str

    @classmethod
    def parse(cls, line: str) -> Mount:
        """Read one line (proc_pid_mountinfo(5))."""
        place, _, system = line.partition(" - ")
        fields = place.split()
        return cls(
            Path(_unescaped(fields[4])), _unescaped(fields[3]), frozenset(fields[5].split(",")), system.split()[0]
        )

    @property
    def holds_files_of_the_host(self) -> bool:
        """Whether somebody on the host works with these files: a folder of theirs, not a volume of the engine's."""
        if self.point == Path("/") or (self.kind == "tmpfs" and self.root == "/"):
            return False
        if "idmapped" in self.options or self.kind in _TRANSLATING:
            return False
        return not _NAMED_VOLUME.search(self.root)


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


@dataclass(frozen=True)
class Namespace:
    """Users, groups and mounts as this process sees them."""

    users: IdMap
    groups: IdMap
    mounts: tuple[Mount, ...] = ()

    @classmethod
    def read(cls, proc: Path = _PROC) -> Namespace:
        """Read this process' own."""
        lines = (proc / "mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        users, groups = (IdMap.parse((proc / name).read_text(encoding="ascii")) for name in ("uid_map", "gid_map"))
        return cls(users, groups, tuple(Mount.parse(line) for line in lines))

    @property
    def kind(self) -> Kind:
        """What the engine makes of users."""
        root, group = self.users.outside(0), self.groups.outside(0)
        if not root:
            return "plain"
        if any(first == 0 and count == 1 for first, _, count in self.users.rows):
            return "rootless"
        # Docker keeps the containers of such users in a folder of this name, and mounts files of it into each.
        own = f"/{root}.{group}/containers/"
        return "remapped" if any(own in mount.root for mount in self.mounts) else "plain"

    def of_the_host(self, folder: Path) -> bool:
        """Return whether the folder, which need not exist, lies in one of the host's."""
        place = Path(os.path.realpath(folder))
        holding = [mount for mount in self.mounts if place.is_relative_to(mount.point)]
        # Of mounts at one point, the last one is seen.
        deepest = max(enumerate(holding), key=lambda one: (len(one[1].point.parts), one[0]), default=None)
        return deepest is not None and deepest[1].holds_files_of_the_host
