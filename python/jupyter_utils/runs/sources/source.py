"""What a run can be asked, wherever it lies, and where what was fetched of it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jupyter_utils.entries.entry import EntryFile


@dataclass(frozen=True)
class Described:
    """What a run says of itself, without its files."""

    run_name: str | None
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    start_time: int | None = None
    """When `save_mlflow` was called, in milliseconds since 1970."""


class Source(Protocol):
    """One run, wherever it is; `id` names it in messages and to users."""

    @property
    def id(self) -> str:
        """MLflow's id of the run, or the entry's."""

    def describe(self) -> Described:
        """Return what is known without its files."""

    def text(self, name: str) -> str:
        """Return the content of one of this package's own files, as it is now."""

    def content(self, name: str) -> bytes:
        """Return the bytes of one of this package's own files, as it is now."""

    def own_files(self) -> frozenset[str]:
        """Return the names of this package's own files in it, those in folders below as well."""

    def bring(self, name: str, files: Sequence[EntryFile], *, own: bool) -> Path:
        """Return where an artifact lies on this machine, verified, with nothing else in it.

        Args:
            name: the artifact: one file, or a directory.
            files: all files of it.
            own: whether what is returned must be the caller's alone.
        """


def cache_folder() -> Path:
    """Return the user's folder for what can be had again."""
    import platformdirs

    return platformdirs.user_cache_path("jupyter-utils")
