"""The wheels and source distributions of the lock: downloaded by pip, checked by pip and by Nix."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from . import FetchError, network_advice, nix, say

if TYPE_CHECKING:
    from pathlib import Path

PROGRESS = 5.0
"""Seconds between two words about how far pip is."""

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


def fetch(entries: list[nix.Entry], folder: Path, extra_folders: list[str]) -> None:
    """Download `entries` and add them to the store; what was added stays there if a later one fails."""
    folder.mkdir()
    folders = [word for name in extra_folders for word in ("--find-links", name)]
    torch = [entry for entry in entries if "index" in entry]
    others = [entry for entry in entries if "index" not in entry]
    for entry in torch:
        fetch_torch(entry, folder, folders)
    if others:
        say(f"{len(others)} packages by pip ...")
        failure = download(others, folder, folders)
        store(others, folder)
        if failure:
            raise FetchError(failure)


def fetch_torch(entry: nix.Entry, folder: Path, folders: list[str]) -> None:
    """Find the CPU wheel, which PyPI lacks: pip's configuration, the user's folders, then PyTorch's own index."""
    say(f"{entry['file']} ...")
    failure = download([entry], folder, folders)
    if failure:
        say(f"not where pip looks by itself; trying {entry['index']} ...")
        failure = download([entry], folder, [*folders, "--extra-index-url", entry["index"]])
    if failure:
        raise FetchError(
            f"no place has {entry['file']}.\n{failure}\n"
            "Either download that file elsewhere and name its folder (./quickstart --wheels FOLDER), "
            "or take the CUDA environment, whose files PyPI has "
            "(./quickstart --gpu, about 3 GB to download; runs on CPUs too)."
        )
    store([entry], folder)


def download(entries: list[nix.Entry], folder: Path, options: list[str]) -> str | None:
    """Run pip; return None, or what went wrong and the remedy."""
    requirements = folder / "requirements.txt"
    requirements.write_text(
        "".join(f"{e['name']}=={e['version'].partition('+')[0]} --hash=sha256:{e['sha256']}\n" for e in entries)
    )
    words = [
        *(sys.executable, "-m", "pip", "download", "--require-hashes", "--disable-pip-version-check", "--no-input"),
        *(
            "--retries",
            "2",
            "--progress-bar",
            "off",
            "--dest",
            str(folder),
            *PLATFORM,
            *options,
            "-r",
            str(requirements),
        ),
    ]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    output, done, shown = [], 0, time.monotonic()
    for line in process.stdout or ():
        output.append(line)
        done += line.startswith("Collecting ")
        if time.monotonic() - shown > PROGRESS:
            say(f"  {done}/{len(entries)} {line.split()[1] if line.startswith('Collecting ') else ''}")
            shown = time.monotonic()
    requirements.unlink()
    return explained("".join(output)) if process.wait() else None


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
        return f"{tail}\nThe disk for temporary files is full: free some space, or name another folder by TMPDIR."
    if re.search(r"No module named pip", output):
        return f"{tail}\nThis Python has no pip: install the package python3-pip."
    if re.search(r"Max retries|NewConnectionError|ProxyError|timed out|Connection|SSLError|50[0-9] ", output):
        return f"{tail}\nThe package index cannot be reached; PIP_INDEX_URL names another. {network_advice()}."
    return tail


def store(entries: list[nix.Entry], folder: Path) -> None:
    """Add what was downloaded, under the names that Nix allows, and remove it here."""
    ready = []
    for entry in entries:
        file = folder / entry["file"]
        # pip checks each file, but leaves a cut one behind when the disk is full.
        if file.exists() and sha256(file) == entry["sha256"]:
            named = folder / entry["storeName"]
            file.replace(named)
            ready.append((named, entry["path"]))
    if not ready:
        return
    added = nix.add([named for named, _ in ready])
    for (named, expected), path in zip(ready, added):  # noqa: B905 - Python 3.9 knows no strict
        named.unlink()
        if path != expected:
            raise FetchError(f"wrong hash: {named.name} is not the file that the lock names")
    say(f"  {len(ready)} files added to the store")


def sha256(file: Path) -> str:
    """Return a file's hash, read in parts: torch's CUDA wheel is larger than some machines' memory is free."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        for part in iter(lambda: stream.read(1 << 20), b""):
            digest.update(part)
    return digest.hexdigest()
