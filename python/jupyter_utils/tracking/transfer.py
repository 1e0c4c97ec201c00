"""Bring an entry's files to a run's artifacts, by whatever way is there, and make sure that they have arrived."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from concurrent.futures import as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_utils.adapters.mlflow_client import artifact_repository
from jupyter_utils.entries.entry import verify_files
from jupyter_utils.errors import EntryError
from jupyter_utils.machine.disk import to_disk
from jupyter_utils.machine.disk_names import doubtful
from jupyter_utils.machine.progress import progress
from jupyter_utils.machine.threads import Threads
from jupyter_utils.machine.variables import given

from .local import move_in, run_folder
from .put import put, put_small
from .retry import with_retries

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from jupyter_utils.entries.entry import Entry, EntryFile

# 100 small files took 0.40 s one after the other, and 0.21 s with eight threads.
_THREADS = 8


@dataclass(frozen=True)
class Begun:
    """A run that MLflow has begun; `resumed` where an earlier sender may have brought some of its files."""

    run_id: str
    experiment_id: str
    artifact_uri: str
    resumed: bool


class ArrivalError(OSError):
    """What the server lists is not what was sent; sending again may mend it."""


class NamesError(Exception):
    """The store does not hold all names of a run; sending again would not help."""


@dataclass(frozen=True)
class Transfer:
    """One entry on its way to one run. `store` is the artifact store's folder where it is proven to be on this machine.

    `place` is where the entry's files lie: a folder, or a link to one in the store.
    """

    entry: Entry
    place: Path
    run: Begun
    uri: str
    store: Path | None

    @property
    def target(self) -> Path | None:
        """The run's folder in the store, where the files can get by a rename."""
        # Files that lie in another store than the run's are sent like any others.
        if self.store is None or not self.place.is_symlink() or not self.place.readlink().is_relative_to(self.store):
            return None
        return run_folder(self.store, self.run.artifact_uri)

    def bring(self, values: Sequence[Callable[[], None]]) -> None:
        """Bring all files that the run does not hold yet, and call `values` meanwhile; what fails there is raised here.

        Raises:
            EntryError: files are damaged, or neither here nor there.
        """
        target = self.target
        if target is None:
            _upload(self, values)
            return
        for log in values:
            with_retries(log)
        source = self.place.readlink()
        if source.is_dir():
            move_in(source, target, [file.path for file in self.entry.files])
        elif target.is_dir():
            # A sender was interrupted just after the rename.
            verify_files(self.entry, target)
        else:
            raise EntryError(f"The files of the entry are gone: neither {source} nor {target} is there.")
        if _differing(self.entry.files, {file.path: _size(target / file.path) for file in self.entry.files}):
            raise ArrivalError(f"Not all files have arrived in {target}.")
        if given("JUPYTER_UTILS_FSYNC") != "off":
            files = [target / file.path for file in self.entry.files]
            to_disk(files, [*{file.parent for file in files}, target, target.parent])


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _upload(transfer: Transfer, values: Sequence[Callable[[], None]]) -> None:
    """Send everything of the run at once, in threads: nothing of it depends on anything else of it."""
    files = transfer.entry.files
    if not transfer.place.is_dir():
        raise EntryError(f"The files of the entry are gone: {transfer.place} leads nowhere.")
    repository = artifact_repository(transfer.run.artifact_uri, transfer.uri)
    todo = _differing(files, _listed(repository, files) if transfer.run.resumed else {})

    def upload(file: EntryFile) -> int:
        with_retries(put, repository, transfer.place / file.path, file.path)
        return file.size

    def value(log: Callable[[], None]) -> int:
        with_retries(log)
        return 0

    size = sum(file.size for file in todo)
    with progress("Uploading to MLflow", size, in_bytes=True) as bar, Threads(_THREADS) as pool:
        tasks = [pool.submit(value, log) for log in values]
        together = put_small(repository, transfer.place, todo)
        bar.update(sum(file.size for file in todo if file.path in together))
        tasks += [pool.submit(upload, file) for file in todo if file.path not in together]
        try:
            for task in as_completed(tasks):
                bar.update(task.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    wrong = _differing(files, _listed(repository, files))
    doubtful_names = set(doubtful([file.path for file in files])) if wrong else set()
    if unlike := [file.path for file in wrong if file.path in doubtful_names]:
        raise NamesError(
            f"the store's disk takes {unlike[0]!r} for another of the run's files, or cannot hold its name"
        )
    if wrong:
        raise ArrivalError(f"MLflow lists {wrong[0].path} ({len(wrong)} in all) with another size, or not at all.")


def _differing(files: tuple[EntryFile, ...], sizes: dict[str, int | None]) -> list[EntryFile]:
    return [file for file in files if sizes.get(file.path, -1) != file.size]


def _listed(repository: Any, files: tuple[EntryFile, ...]) -> dict[str, int | None]:
    """Ask for the sizes of what the run holds, folder by folder."""
    folders = defaultdict(list)
    for file in files:
        folders[posixpath.dirname(file.path)].append(file)
    sizes: dict[str, int | None] = {}
    with Threads(_THREADS) as pool:
        for found in pool.map(lambda folder: with_retries(repository.list_artifacts, folder or None), folders):
            # MLflow leaves the size of an empty file out.
            sizes |= {one.path: one.file_size or 0 for one in found if not one.is_dir}
    return sizes
