"""A Debian system by mmdebstrap: put together from the pinned files, or made anew from a mirror."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from datetime import UTC, datetime, timedelta
from email.utils import formatdate, parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from . import FetchError, network_advice, places, processes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .pins import Pin

TOLD = "pin: "
"""Begins the lines in which mmdebstrap's hooks tell what the system is made of."""
FIELDS = "Package|Version|Filename|Size|SHA256"
HOOKS = [
    f"sed -n 's/^Date: /{TOLD}&/p' \"$1\"/var/lib/apt/lists/*Release",
    # The machine's apt, which has the lists; what of a record is wanted is in one line each.
    (
        "APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-cache show --no-all-versions "
        "$(dpkg-query --admindir=\"$1\"/var/lib/dpkg --show --showformat='${Package}=${Version} ') "
        f"| sed -n -E 's/^({FIELDS}): /{TOLD}&/p'"
    ),
]
SETTLED = timedelta(hours=12)
"""After so long Debian's snapshot service has what a mirror has, and superseded files still lie in Debian's pool."""


def from_mirror(pin: Pin, archive: Path, hear: Callable[[str], None] = print) -> Pin:
    """Make the system from the mirror's present packages, whose signatures apt checks; return what it is made of.

    `hear` is handed each line that mmdebstrap prints. It works in the folder of `archive`. Proxies reach it by the
    environment only.
    """
    told: list[str] = []

    def line(text: str) -> None:
        if text.startswith(TOLD):
            told.append(text[len(TOLD) :])
        else:
            hear(text)

    options = [f"--customize-hook={hook}" for hook in HOOKS]
    run(pin, archive, pin["include"], places.sources(pin["suite"]), line, options)
    return {**pin, **made_of(told)}


def made_of(told: list[str]) -> Pin:
    """Return the moment and the packages, from the fields that the hooks told, record by record."""
    fields = [(name, value) for name, _, value in (line.partition(": ") for line in told)]
    dates = [parsedate_to_datetime(value) for name, value in fields if name == "Date"]
    records: list[dict[str, str]] = []
    for name, value in fields:
        if name == "Package":
            records.append({})
        if name != "Date":
            records[-1][name] = value
    moment = min(max(dates, default=datetime.now(UTC)) + SETTLED, datetime.now(UTC))
    return {
        "moment": f"{moment:%Y%m%dT%H%M%SZ}",
        "packages": {one["Package"]: entry(one) for one in sorted(records, key=lambda record: record["Package"])},
    }


def entry(record: dict[str, str]) -> dict[str, Any]:
    """Return a package of the pin, from its record in a mirror's list."""
    archive = "debian-security" if record["Filename"].startswith("pool/updates/") else "debian"
    return {
        "version": record["Version"],
        "file": f"{archive}/{record['Filename']}",
        "size": int(record["Size"]),
        "sha256": record["SHA256"],
    }


def from_files(pin: Pin, files: list[Path], archive: Path, hear: Callable[[str], None] = print) -> None:
    """Put the system together from the files of the pin, which lie in one folder: they become a repository there."""
    folder = files[0].parent
    index(pin, files)
    # Signed by nobody: each file has been checked against the pin.
    source = f"deb [trusted=yes] copy:{folder} {pin['suite']} main"
    run(pin, archive, list(pin["packages"]), [source], hear)


def index(pin: Pin, files: list[Path]) -> None:
    """Write what apt wants to know of a folder of packages."""
    suite = files[0].parent / "dists" / pin["suite"]
    packages = suite / "main" / "binary-amd64" / "Packages"
    packages.parent.mkdir(parents=True, exist_ok=True)
    packages.write_text("\n".join(f"{control}Filename: {file.name}\n" for control, file in controls(pin, files)))
    content = packages.read_bytes()
    (suite / "Release").write_text(
        f"Suite: {pin['suite']}\nCodename: {pin['suite']}\nDate: {formatdate(pin['epoch'], usegmt=True)}\n"
        "Architectures: amd64\nComponents: main\n"
        f"SHA256:\n {hashlib.sha256(content).hexdigest()} {len(content)} main/binary-amd64/Packages\n"
    )
    for path in (suite.parent, *suite.parent.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def controls(pin: Pin, files: list[Path]) -> list[tuple[str, Path]]:
    """Return what each package says of itself, with what the pin says of its file."""
    # One shell for all of them, since a process of ours has a guard.
    script = 'for file; do dpkg-deb --field "$file" && printf "\\n" || exit; done'
    code, out, said = processes.output(["sh", "-c", script, "sh", *map(str, files)])
    texts = out.strip("\n").split("\n\n")
    if code or len(texts) != len(files):
        raise FetchError(f"dpkg-deb cannot read the packages: {said.strip()}")
    entries = list(pin["packages"].values())
    return [
        (f"{text.strip()}\nSize: {entry['size']}\nSHA256: {entry['sha256']}\n", file)
        for text, entry, file in zip(texts, entries, files)  # noqa: B905 - Python 3.9 knows no strict
    ]


def run(  # noqa: PLR0913, PLR0917 - all that mmdebstrap is told
    pin: Pin,
    archive: Path,
    include: list[str],
    sources: list[str],
    hear: Callable[[str], None],
    options: list[str] | None = None,
) -> None:
    """Run mmdebstrap."""
    words = [
        *("mmdebstrap", "--variant=minbase", "--format=tar", "--architectures=amd64"),
        *(f"--include={','.join(include)}", *(options or [])),
        *(pin["suite"], str(archive), *sources),
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
