"""Where a run's files are read from: MLflow, an entry on this disk, or a folder that something has been run in."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.adapters.mlflow_client import artifact_repository
from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.artifacts.names import name_problem
from jupyter_utils.entries.entry import ARTIFACTS, EntryFile
from jupyter_utils.errors import CompareError, LoadError
from jupyter_utils.machine.urls import said
from jupyter_utils.tracking import client_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jupyter_utils.runs.sources import Source, StoredRun, WaitingRun

MOST_FILES = 5000
"""Files of one run that are looked for, this package's own first."""


class Holder(Protocol):
    """A run's files, by their names with slashes."""

    def sizes(self) -> dict[str, int]:
        """Return every file with its size in bytes; of a very large run the first few thousand."""

    def content(self, name: str) -> bytes:
        """Return the bytes of a small file, which nothing has verified."""

    def bring(self, name: str, files: Sequence[EntryFile]) -> Path:
        """Return where an artifact (one file, or a folder) can be read on this machine; nobody may write there."""

    def bring_unknown(self, name: str) -> Path:
        """Return where a file lies of which no digest is known."""


@dataclass
class StoredFiles:
    """The files of a run in MLflow; `artifacts` is MLflow's address of them."""

    source: StoredRun
    artifacts: str
    _repository: list[Any] = field(default_factory=list)
    _folder: list[tempfile.TemporaryDirectory[str]] = field(default_factory=list)

    def _open(self) -> Any:
        if not self._repository:
            self._repository.append(artifact_repository(self.artifacts, self.source.uri))
        return self._repository[0]

    def sizes(self) -> dict[str, int]:
        try:
            with client_settings():
                return dict(zip(*_first(self._walk()), strict=True))
        except Exception as error:  # noqa: BLE001 - whatever it is, its words may hold the address
            raise CompareError(f"The artifacts of run {self.source.id} cannot be listed: {said(error)}") from None

    def _walk(self) -> Iterator[tuple[str, int]]:
        folders: list[str | None] = [None]
        while folders:
            for one in self._open().list_artifacts(folders.pop()):
                if one.is_dir:
                    folders.append(one.path)
                    folders.sort(key=lambda folder: (folder or "").startswith(OWN_FOLDER))
                elif not name_problem(one.path):
                    yield one.path, int(one.file_size or 0)

    def content(self, name: str) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            return self._fetch(name, Path(folder, "file")).read_bytes()

    def _fetch(self, name: str, target: Path) -> Path:
        try:
            with client_settings():
                adapter.get_artifact(self._open(), name, target, lambda path: path.open("wb"))
        except Exception as error:  # noqa: BLE001 - as above
            raise CompareError(f"{name} of run {self.source.id} cannot be read: {said(error)}") from None
        return target

    def bring(self, name: str, files: Sequence[EntryFile]) -> Path:
        return _brought(self.source, name, files)

    def bring_unknown(self, name: str) -> Path:
        if not self._folder:
            self._folder.append(tempfile.TemporaryDirectory())
        target = Path(self._folder[0].name, name)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            self._fetch(name, target)
        return target


@dataclass
class EntryFiles:
    """The files of an entry: a run that waits, or that a reproduction has kept."""

    source: WaitingRun

    def sizes(self) -> dict[str, int]:
        return _below(self.source.entry / ARTIFACTS)

    def content(self, name: str) -> bytes:
        return _content(self.source.entry / ARTIFACTS, name)

    def bring(self, name: str, files: Sequence[EntryFile]) -> Path:
        return _brought(self.source, name, files)

    def bring_unknown(self, name: str) -> Path:
        return self.source.entry / ARTIFACTS / name


@dataclass
class FolderFiles:
    """The files of a folder; they are used where they lie."""

    folder: Path

    def sizes(self) -> dict[str, int]:
        return _below(self.folder)

    def content(self, name: str) -> bytes:
        return _content(self.folder, name)

    def bring(self, name: str, files: Sequence[EntryFile]) -> Path:  # noqa: ARG002 - nothing to verify
        return self.folder / name

    def bring_unknown(self, name: str) -> Path:
        return self.folder / name


def _brought(source: Source, name: str, files: Sequence[EntryFile]) -> Path:
    if wrong := next((one.path for one in files if name_problem(one.path)), None):
        raise LoadError(f"The manifest of run {source.id} names {wrong!r}, which no artifact may be called.")
    return source.bring(name, files, own=False)


def _content(root: Path, name: str) -> bytes:
    try:
        return (root / name).read_bytes()
    except OSError as error:
        raise CompareError(f"{root / name} cannot be read: {said(error)}") from None


def _below(root: Path) -> dict[str, int]:
    return dict(zip(*_first(_files(root)), strict=True))


def _files(root: Path) -> Iterator[tuple[str, int]]:
    for folder, folders, names in os.walk(root):
        folders.sort(key=lambda name: (name != OWN_FOLDER, name))
        for name in names:
            path = Path(folder, name)
            relative = path.relative_to(root).as_posix()
            # A link may lead to what is no part of the run.
            if path.is_file() and not path.is_symlink() and not name_problem(relative):
                yield relative, path.stat().st_size


def _first(found: Iterator[tuple[str, int]]) -> tuple[list[str], list[int]]:
    pairs = [pair for pair, _ in zip(found, range(MOST_FILES), strict=False)]
    return [name for name, _ in pairs], [size for _, size in pairs]
