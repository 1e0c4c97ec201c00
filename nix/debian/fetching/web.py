"""Files by their address: whether they are there, and how they come. Proxies and certificates are the environment's."""

from __future__ import annotations

import base64
import hashlib
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

from . import FetchError, masked, network_advice, processes

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.client import HTTPResponse

SECONDS = 20
"""Without a byte for so long, a request has failed."""
TRIES = 3
PAUSE = 1.0
"""Seconds before the second try; more before the third."""
CHUNK = 1 << 18
REFUSED = (401, 407, 408, 429)
"""Answers that say nothing of the file, as those of 500 and more."""
NO_QUESTIONS = (405, 501)
"""Answers of a server that is not to be asked, only to be taken from."""


class AbsentError(FetchError):
    """The place does not have that file."""


class UnreachableError(FetchError):
    """The place cannot be asked."""


def check(address: str) -> None:
    """Ask whether a file is there, without loading it; raise as `tried` does."""

    def ask() -> None:
        try:
            opened(address, "HEAD").close()
        except urllib.error.HTTPError as error:
            if error.code not in NO_QUESTIONS:
                raise

    tried(ask, address)


def load(address: str, target: Path, digest: str, count: Callable[[int], None]) -> None:
    """Load a file and check its SHA-256; `count` is told of the bytes that have come. Raise as `tried` does."""
    tried(lambda: write(address, target, digest, count), address)


def tried(work: Callable[[], None], address: str) -> None:
    """Do it, again where that may help.

    Raises:
        AbsentError: the file is not there, or not the one that is meant.
        UnreachableError: there was no answer.

    """
    for number in range(TRIES):
        if processes.ending.wait(PAUSE * number):
            raise FetchError("interrupted")
        try:
            return work()
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code not in REFUSED:  # noqa: PLR2004 - the server's own troubles
                raise AbsentError(f"{masked(address)}: {error.code}") from None
            reason: object = error
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, FileNotFoundError) or "unknown url type" in str(reason):
                raise AbsentError(f"{masked(address)}: {reason}") from None
    raise UnreachableError(f"{masked(address)} cannot be had: {reason}. {network_advice()}.")


def opened(address: str, method: str = "GET") -> HTTPResponse:
    """Open an address as apt writes it: with a login in it, of a folder, or of a list of mirrors."""
    parts = urllib.parse.urlsplit(plain(address))
    login, _, host = parts.netloc.rpartition("@")
    # Whatever apt is configured for, a folder included; what comes is checked against the pin.
    request = urllib.request.Request(parts._replace(netloc=host).geturl(), method=method)  # noqa: S310
    if login:
        token = base64.b64encode(urllib.parse.unquote(login).encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
    answer: HTTPResponse = urllib.request.urlopen(request, timeout=SECONDS)  # noqa: S310
    return answer


def plain(address: str) -> str:
    """Return the address for a reader that does not know apt's own kinds."""
    if address.startswith("copy:"):
        return f"file:{address[5:]}"
    if address.startswith("mirror+file:"):
        # Such as /etc/apt/mirrors/debian.list of Debian's images for clouds: an address a line, the best one first.
        path = Path("/", address[12:].lstrip("/"))
        for listed in path.parents:
            if listed.is_file():
                first = listed.read_text(encoding="utf-8").split()[0]
                return f"{first.rstrip('/')}/{path.relative_to(listed)}"
    return address


def write(address: str, target: Path, digest: str, count: Callable[[int], None]) -> None:
    """Write what an address gives; under another name, until it is whole and right."""
    part, come = target.with_name(f"{target.name}.part"), [0]

    def counted(size: int) -> None:
        come.append(size)
        count(size)

    try:
        found = taken(address, part, counted)
    except BaseException:
        part.unlink(missing_ok=True)
        count(-sum(come))
        raise
    if found == digest:
        part.chmod(0o644)
        part.replace(target)
        return
    part.unlink()
    count(-sum(come))
    raise AbsentError(f"{masked(address)} is another file than the pinned one: its SHA-256 is {found}")


def taken(address: str, part: Path, count: Callable[[int], None]) -> str:
    """Write what an address gives, and return its SHA-256; a signal ends it."""
    digest = hashlib.sha256()
    with opened(address) as answer, part.open("wb") as file:
        while not processes.ending.is_set() and (chunk := answer.read(CHUNK)):
            file.write(chunk)
            digest.update(chunk)
            count(len(chunk))
    return digest.hexdigest()
