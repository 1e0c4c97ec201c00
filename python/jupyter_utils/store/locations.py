"""Where the MLflow server may read and write artifacts: at its own destination, and where its administrator says.

Whoever may call MLflow may name a place for an experiment's artifacts, and the server would read and write there with
its own rights, for example in its user's home. So a place that is not its own is refused, and so is every way through
a link that leaves the places that are.
"""

from __future__ import annotations

import contextlib
import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from jupyter_utils.entries.entry import INCOMING
from jupyter_utils.machine.addresses import listed
from jupyter_utils.machine.urls import local_folder, mask

if TYPE_CHECKING:
    from collections.abc import Iterable

SETTING = "MLFLOW_ARTIFACT_LOCATIONS"
PROXIED = "mlflow-artifacts"
_USUAL = 5
"""Parts of scheme://host/EXPERIMENT/RUN/artifacts, of which the first three stand for the place of all."""


@dataclass(frozen=True)
class Locations:
    """The places of artifacts.

    Attributes:
        destination: where the server keeps artifacts: a folder, or the address of a bucket.
        more: further places, which its administrator lists.
        by_server: whether this is another process than the server, which reaches artifacts through it.
    """

    destination: str
    more: tuple[str, ...] = ()
    by_server: bool = False

    @classmethod
    def of(cls, destination: str, more: str | None) -> Locations:
        """Read the setting, a list with commas."""
        return cls(destination, tuple(listed(more)))

    def takes(self, address: str) -> bool:
        """Return whether an address may become that of an experiment, or of whatever else has artifacts.

        >>> places = Locations("/srv/mlflow/artifacts")
        >>> [places.takes(one) for one in ("mlflow-artifacts:/7", "/srv/mlflow/artifacts/7", "/home/taro")]
        [True, True, False]
        """
        parts = urlsplit(address)
        if parts.scheme != PROXIED:
            return self._serves_itself(address)
        # With a host in it, every client would send its files, and its password, there.
        inner = _parts(parts.path)
        return not (parts.netloc or parts.query or parts.fragment) and ".." not in inner and not _is_incoming(inner)

    def serves(self, address: str) -> bool:
        """Return whether this process may read and write at an address."""
        return self.takes(address) if self.by_server else self._serves_itself(address)

    def _serves_itself(self, address: str) -> bool:
        folder = local_folder(address)
        if folder is not None:
            return self.holds(folder)
        return any(local_folder(root) is None and _is_below(address, root) for root in (self.destination, *self.more))

    def holds(self, path: str) -> bool:
        """Return whether a path of this machine, followed through every link, lies in one of the places.

        What lies in the incoming folder of the store does not count: it belongs to no run yet.
        """
        try:
            real = Path(_followed(path))
        except (OSError, ValueError):
            return False
        own = local_folder(self.destination)
        if own is not None and (inner := _inner(real, own)) is not None:
            return not _is_incoming(inner)
        folders = (local_folder(root) for root in self.more)
        return any(_inner(real, folder) is not None for folder in folders if folder is not None)

    def refusal(self, address: str) -> str:
        """Say why a place is refused, and what the administrator can do."""
        return (
            f"The artifact location {mask(address)!r} is not this server's own, so nothing is read or written there. "
            "Leave the location out (then the server chooses one), or ask its administrator to list the place: "
            f"{SETTING}={mask(address)}"
        )


def foreign(locations: Locations, addresses: Iterable[str]) -> list[str]:
    """Return the addresses, of experiments that are there, at which the server serves nothing; each once."""
    return sorted({one for one in addresses if not locations.takes(one)})


def stay_message(addresses: Iterable[str]) -> str:
    """Say, after an import, where artifacts stay and how the server is allowed to hand them out.

    >>> print(stay_message(["s3://old/1/abc/artifacts", "s3://old/2/def/artifacts"]))
    Artifacts at s3://old stay there. The server hands them out when you list the places, in .env or the environment:
    MLFLOW_ARTIFACT_LOCATIONS=s3://old
    """
    roots = sorted({mask(_root(address)) for address in addresses})
    return (
        f"Artifacts at {', '.join(roots)} stay there. The server hands them out when you list the places, in .env or "
        f"the environment:\n{SETTING}={','.join(roots)}"
    )


def _root(address: str) -> str:
    """Return the place of all experiments' artifacts, which is above EXPERIMENT/RUN/artifacts."""
    parts = address.rstrip("/").split("/")
    is_usual = parts[-1] == "artifacts" and len(parts) > _USUAL
    return "/".join(parts[:-3]) if is_usual else address


def _parts(path: str) -> tuple[str, ...]:
    while (plain := unquote(path)) != path:
        path = plain
    return tuple(part for part in path.replace("\\", "/").split("/") if part not in ("", "."))


def _is_incoming(inner: tuple[str, ...]) -> bool:
    return bool(inner) and inner[0].casefold() == INCOMING


def _inner(real: Path, folder: str) -> tuple[str, ...] | None:
    # Every file that is written asks for the same few folders; one that leads elsewhere by now is looked at again.
    for found in (_known, os.path.realpath):
        with contextlib.suppress(OSError, ValueError):
            return real.relative_to(found(folder)).parts
    return None


def _followed(path: str) -> str:
    """Return a path without links: `os.path.realpath`, of whose many steps the kernel takes most where it can."""
    folder, name = os.path.split(path)
    if name not in {"", ".", ".."}:
        with contextlib.suppress(OSError):
            opened = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                place = os.path.join(os.readlink(f"/proc/self/fd/{opened}"), name)  # noqa: PTH118, PTH115 - a text
            finally:
                os.close(opened)
            if not os.path.islink(place):  # noqa: PTH114 - a text
                return place
    return os.path.realpath(path)


@functools.cache
def _known(folder: str) -> str:
    return os.path.realpath(folder)


def _is_below(address: str, root: str) -> bool:
    one, other = urlsplit(address), urlsplit(root)
    inner, outer = _parts(one.path), _parts(other.path)
    same = (one.scheme, one.netloc) == (other.scheme, other.netloc) and not one.fragment
    return same and one.query == other.query and ".." not in inner and inner[: len(outer)] == outer
