"""pip, as this machine has it configured, downloads for the environment's platform."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from . import network_advice, processes

if TYPE_CHECKING:
    from pathlib import Path

    from .nix import Entry
    from .screen import Log

# The platform of the environment, which need not be that of the Python that runs this. pip expands no manylinux_2_x.
PLATFORM = [
    *("--no-deps", "--python-version", "3.11", "--implementation", "cp"),
    *(word for abi in ("cp311", "abi3", "none") for word in ("--abi", abi)),
    *(word for minor in range(36, 4, -1) for word in ("--platform", f"manylinux_2_{minor}_x86_64")),
    *(
        word
        for old in ("manylinux2014", "manylinux2010", "manylinux1", "linux")
        for word in ("--platform", f"{old}_x86_64")
    ),
]
COMMAND = [
    *(sys.executable, "-m", "pip", "download", "--require-hashes", "--disable-pip-version-check", "--no-input"),
    *("--retries", "2", "--progress-bar", "off"),
    # The lock says what is a wheel and what is not, whatever the user wants of other packages.
    *("--no-binary", ":none:", "--only-binary", ":none:"),
]
UNREACHABLE = re.compile(
    r"Max retries|NewConnectionError|ProxyError|timed out|Connection|SSLError|(error|many) 50[0-9]|50[0-9] Server Error"
)
FULL = "The disk for temporary files is full: free some space, or name another folder by TMPDIR."


class Failure(NamedTuple):
    """Why pip has not brought everything: words for the user, and those files of which no index knows any more."""

    words: str
    lost: list[Entry]


def download(entries: list[Entry], folder: Path, options: list[str], log: Log) -> Failure | None:
    """Run pip; return None, or what went wrong and the remedy.

    What pip has in hand lies in `folder`/pip meanwhile, and stays there if it is killed.
    """
    requirements = folder / "requirements.txt"
    requirements.write_text(
        "".join(f"{e['name']}=={e['version'].partition('+')[0]} --hash=sha256:{e['sha256']}\n" for e in entries)
    )
    temporary = folder / "pip"
    temporary.mkdir(exist_ok=True)
    output: list[str] = []

    def line(text: str) -> None:
        output.append(text)
        log.add(f"pip: {text}")

    code = processes.lines(
        [*COMMAND, "--dest", str(folder), *PLATFORM, *options, "-r", str(requirements)],
        line,
        env={**os.environ, "TMPDIR": str(temporary), "PIP_REQUIRE_VIRTUALENV": "0"},
    )
    said = "\n".join(output)
    return Failure(explained(said), lost(said, entries)) if code else None


def lost(output: str, entries: list[Entry]) -> list[Entry]:
    """Return the files that the index has lost: deleted, or listed and not given, or with another one in their place.

    pip stops at the first of them. Of an index that gives no answer nothing is known.
    """
    if UNREACHABLE.search(output):
        return []
    unknown = set(re.findall(r"No matching distribution found for ([^=\s]+)==", output))
    refused = {last_part(address) for address in re.findall(r"HTTP error (?:404|410)\b.*?(https?://\S+)", output)}
    offered = re.findall(r"(?m)^\s+([^=\s]+)==\S+ from (\S+?)(?:#\S*)? \(from -r", output)
    instead = {name for name, address in offered if last_part(address) not in {entry["file"] for entry in entries}}
    return [entry for entry in entries if entry["name"] in unknown | instead or entry["file"] in refused]


def last_part(address: str) -> str:
    """Return the name of the file at an address."""
    return unquote(address.partition("#")[0].rpartition("/")[2])


def explained(output: str) -> str:
    """Return pip's complaint with its remedy."""
    text = "".join(
        line + "\n"
        for line in output.splitlines()
        if not line.startswith(("Collecting", "  Using", "  Downloading", "Looking", "WARNING: Location"))
    )
    tail = "\n".join(text.strip().splitlines()[-12:])
    wrong = re.search(r"(?s)DO NOT MATCH THE HASHES.*?\n\s+(\S+).*?from (\S+?)[#\s]", output)
    if wrong:
        file = wrong[2].rsplit("/", 1)[-1]
        return (
            f"{tail}\nWrong hash: {file}. Whoever offers this file changed it; "
            "take another index (PIP_INDEX_URL) or ask its owner."
        )
    if "No space left" in output:
        return f"{tail}\n{FULL}"
    if re.search(r"No module named pip", output):
        return f"{tail}\nThis Python has no pip: install the package python3-pip."
    if UNREACHABLE.search(output):
        return f"{tail}\nThe package index cannot be reached; PIP_INDEX_URL names another. {network_advice()}."
    return tail
