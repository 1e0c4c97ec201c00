"""A run in the spool, where it still waits for MLflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.entries.entry import ARTIFACTS, EntryFile, read_raw
from jupyter_utils.errors import EntryError, LoadError
from jupyter_utils.machine.urls import said

from .copies import own_copy
from .source import Described, cache_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass
class WaitingRun:
    """A run that waits in the spool. Its files are never used in place: a sender may take them at any moment."""

    entry: Path

    @property
    def id(self) -> str:
        return self.entry.name

    def describe(self) -> Described:
        try:
            entry = read_raw(self.entry)
        except EntryError as error:
            raise self._gone(error) from None
        return Described(entry.run_name, entry.params, entry.metrics, entry.tags, entry.start_time)

    def own_files(self) -> frozenset[str]:
        try:
            names = [file.path for file in read_raw(self.entry).files]
        except EntryError as error:
            raise self._gone(error) from None
        return frozenset(name for name in names if name.startswith(f"{OWN_FOLDER}/"))

    def text(self, name: str) -> str:
        return self.content(name).decode()

    def content(self, name: str) -> bytes:
        try:
            return (self.entry / ARTIFACTS / name).read_bytes()
        except OSError as error:
            raise self._gone(error) from None

    def bring(self, name: str, files: Sequence[EntryFile], *, own: bool) -> Path:  # noqa: ARG002 - always
        try:
            return own_copy(cache_folder(), self.entry / ARTIFACTS, files) / name
        except OSError as error:
            raise self._gone(error) from None

    def _gone(self, error: Exception) -> LoadError:
        if self.entry.is_dir():
            return LoadError(f"The run that waits in {self.entry} cannot be read: {said(error)}")
        return LoadError(f"The run {self.id} has been sent to MLflow meanwhile: call load_mlflow again.")
