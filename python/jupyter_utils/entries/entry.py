"""An entry: everything of one run as files in one directory, complete and verifiable before anything is sent.

    ENTRY/entry.json      the run: server, experiment, params, metrics, tags, and each file with size and SHA-256
    ENTRY/artifacts/...   the files, under the names that they get in MLflow (or a link to their folder)

An entry is self-contained: sending needs nothing else, so it may be sent later, again, or by another process. Formats:

    1   before there was a spool: no `id` and no `uri`; goes to the server of the environment
    2   `id`, which the run carries as a tag, and `uri`, the server, never with credentials
    3   `store`, the identity of the store that the run is for, and `experiment`, as they were when it was saved
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jupyter_utils.errors import EntryError
from jupyter_utils.machine.writing import write_whole

from .copying import digest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


FORMAT = 3
_WITH_STORES = 3
_FILE = "entry.json"
ARTIFACTS = "artifacts"
INCOMING = ".jupyter-utils"
"""Folder of an artifact store in which files lie that are to become a run's by a rename."""


@dataclass(frozen=True)
class EntryFile:
    """One file of an entry: its path below `artifacts` (with slashes), its size in bytes, and its SHA-256 in hex."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class DatasetInput:
    """One dataset that the run used, as MLflow's page shows it: equal digests mean equal data."""

    name: str
    digest: str
    context: str
    path: str


@dataclass(frozen=True)
class Entry:
    """One run, ready to be sent. Times are milliseconds since 1970 in UTC, as MLflow has them.

    `store` is empty where the MLflow had no identity or had never been reached, and None where that was not asked yet
    when the run was saved (formats 1 and 2); `experiment` tells the experiment
    from one of the same name elsewhere, and is None where it was not there yet.
    """

    experiment_name: str
    start_time: int
    run_name: str | None = None
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    files: tuple[EntryFile, ...] = ()
    inputs: tuple[DatasetInput, ...] = ()
    id: str = ""
    uri: str = ""
    store: str | None = ""
    experiment: str | None = None
    format: int = FORMAT

    @property
    def size(self) -> int:
        """The sum of the files' sizes in bytes."""
        return sum(file.size for file in self.files)


def write_entry(entry: Entry, directory: Path) -> None:
    """Write `entry.json` in one step: it exists only when it is whole."""
    text = json.dumps(dataclasses.asdict(entry), ensure_ascii=False, indent=1)
    write_whole(directory / _FILE, text, errors="surrogatepass")


def read_entry(directory: Path) -> Entry:
    """Read an entry and check each file's size and digest.

    Raises:
        EntryError: the entry is incomplete, was changed, or is of a later format.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_entry(Entry("test_exp", 0, params={"lr": "0.1"}), Path(folder))
        ...     read_entry(Path(folder)).params
        {'lr': '0.1'}
    """
    entry = read_raw(directory)
    verify_files(entry, directory / ARTIFACTS)
    return entry


def read_raw(directory: Path) -> Entry:
    """Read an entry without looking at its files.

    Raises:
        EntryError: as `read_entry` does.
    """
    try:
        raw = json.loads((directory / _FILE).read_text(encoding="utf-8", errors="surrogatepass"))
        found = raw["format"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise EntryError(f"{directory} holds no complete entry: {error}") from error
    if found not in range(1, FORMAT + 1):
        raise EntryError(
            f"{directory} has the entry format {found!r}, but this program knows 1 to {FORMAT} only: update it."
        )
    try:
        raw["files"] = tuple(EntryFile(**file) for file in raw["files"])
        raw["inputs"] = tuple(DatasetInput(**one) for one in raw["inputs"])
        before = {} if found >= _WITH_STORES else {"store": None}
        entry = Entry(**(raw | before | {"format": FORMAT}))
    except (TypeError, KeyError) as error:
        raise EntryError(f"{directory} holds no complete entry: {error}") from error
    return entry if entry.id else dataclasses.replace(entry, id=directory.name)


def measure_files(directory: Path, known: Sequence[EntryFile] = ()) -> tuple[EntryFile, ...]:
    """Measure every file below `directory/artifacts`, in the order of their names, but for those known already."""
    root = directory / ARTIFACTS
    measured = {file.path: file for file in known}
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if path.is_file() and name not in measured:
            measured[name] = EntryFile(name, path.stat().st_size, sha256(path))
    return tuple(measured[name] for name in sorted(measured))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content in hex."""
    return digest(path)


def verify_files(entry: Entry, root: Path) -> None:
    """Hold every file below `root` against its size and digest.

    Raises:
        EntryError: one is missing or was changed.
    """
    for file in entry.files:
        path = root / file.path
        if not path.is_file() or path.stat().st_size != file.size or sha256(path) != file.sha256:
            raise EntryError(f"The staged file {path} is missing or was changed after it was written.")
