"""Where a run is loaded from: MLflow, by way of a cache that nobody is handed, or the spool, where it still waits."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.adapters.mlflow_client import artifact_repository, client
from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.entries.copying import copy_file, digest
from jupyter_utils.entries.digesting import DigestingFile
from jupyter_utils.entries.entry import ARTIFACTS, EntryFile, read_raw
from jupyter_utils.entries.stores import KnownStores
from jupyter_utils.errors import EntryError, LoadError
from jupyter_utils.machine.urls import said, without_credentials
from jupyter_utils.spool import own_spool
from jupyter_utils.tracking import (
    artifact_folder,
    client_settings,
    is_http,
    run_of_entry,
    sending_uri,
    tracking_uri,
    tracking_uri_problem,
)
from jupyter_utils.tracking.local import run_folder

from .copies import own_copy
from .destination import check
from .ids import ENTRY, HINT, run_of_address
from .result import SaveResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NO_SUCH = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}
_LARGE = 16 * 2**20
"""Bytes from which on it is worth to ask whether a file lies on this machine."""
_ATTEMPTS = 3
"""How often a server that does not answer is asked."""


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


def find_source(run: object, mlf_uri: str | None) -> Source:
    """Find a run by its id, by its entry's, or by what `save_mlflow` returned.

    Raises:
        LoadError: it is none of these, or is nowhere.
    """
    if problem := tracking_uri_problem(mlf_uri):
        raise LoadError(problem)
    if isinstance(run, SaveResult):
        return _of_result(run, mlf_uri)
    if not isinstance(run, str) or not run:
        raise LoadError(
            f"run_id is {run!r}, but must be MLflow's id of a run, the id of an entry that waits "
            "(jupyter-utils sync --list), or what save_mlflow has returned."
        )
    run = run_of_address(run) or run
    if ENTRY.fullmatch(run):
        return _waiting(own_spool().path / "entries" / run) or _sent(run, tracking_uri(mlf_uri))
    return _begun(run) or StoredRun(run, tracking_uri(mlf_uri))


def _of_result(result: SaveResult, mlf_uri: str | None) -> Source:
    uri = tracking_uri(mlf_uri) if mlf_uri else sending_uri(result.uri or "")
    if result.run_id is not None:
        return StoredRun(result.run_id, uri)
    if result.entry is None:
        raise LoadError("This result names neither a run nor an entry.")
    return _waiting(result.entry) or _sent(result.entry.name, uri)


def _waiting(entry: Path) -> WaitingRun | None:
    return WaitingRun(entry) if entry.is_dir() else None


def _begun(run_id: str) -> WaitingRun | None:
    """Find a run that MLflow has a part of in the spool, which has the whole."""
    spool = own_spool()
    return next(
        (_waiting(spool.path / "entries" / one) for one in spool.names() if spool.state(one).run_id == run_id), None
    )


def check_server(run: str, uri: str) -> None:
    """Make sure that the right store answers, before any login goes there.

    Raises:
        LoadError: another does, or none.
    """
    known = KnownStores(own_spool().path)
    for _ in range(_ATTEMPTS):
        answer = check(uri, known)
        if answer.down is None:
            return
        if answer.is_stranger:
            break
    where = without_credentials(uri)
    raise LoadError(f"run_id={run!r} cannot be loaded: the MLflow server at {where} {answer.down}.")


def _sent(entry: str, uri: str) -> StoredRun:
    check_server(entry, uri)
    try:
        with client_settings():
            found = run_of_entry(uri, entry)
    except Exception as error:  # noqa: BLE001 - whatever it is, its words may hold the address
        raise LoadError(f"The run of entry {entry} cannot be looked for in MLflow: {said(error)}") from None
    if found is None:
        raise LoadError(f"The entry {entry} waits in {own_spool().path} no more, and MLflow has no run of it. {HINT}")
    return StoredRun(found, uri)


@dataclass
class StoredRun:
    """A run in MLflow. Its files are cached in a folder of the user's, each verified whenever it is used."""

    id: str
    uri: str
    _repository: list[Any] = field(default_factory=list)
    _artifact_uri: str = ""

    def _run(self) -> Any:
        from mlflow import MlflowException

        check_server(self.id, self.uri)
        try:
            with client_settings():
                return client(self.uri).get_run(self.id)
        except MlflowException as error:
            hint = f"\n{HINT}" if error.error_code in _NO_SUCH else ""
            raise LoadError(f"run_id={self.id!r} cannot be loaded from MLflow: {said(error)}{hint}") from None

    def describe(self) -> Described:
        run = self._run()
        self._artifact_uri = run.info.artifact_uri
        self._repository[:] = [artifact_repository(run.info.artifact_uri, self.uri)]
        data = run.data
        texts = (dict(data.params), dict(data.metrics), dict(data.tags))
        return Described(run.info.run_name, *texts, run.info.start_time)

    def text(self, name: str) -> str:
        return self.content(name).decode()

    def content(self, name: str) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "file"
            self._download(name, file)
            return file.read_bytes()

    def own_files(self) -> frozenset[str]:
        self._uri_of_artifacts()
        found, folders = set[str](), [OWN_FOLDER]
        try:
            with client_settings():
                while folders:
                    listed = self._repository[0].list_artifacts(folders.pop())
                    found |= {one.path for one in listed if not one.is_dir}
                    folders += [one.path for one in listed if one.is_dir]
        except Exception as error:  # noqa: BLE001 - whatever it is, its words may hold the address
            raise LoadError(f"The artifacts of run {self.id} cannot be listed: {said(error)}") from None
        return frozenset(found)

    def bring(self, name: str, files: Sequence[EntryFile], *, own: bool) -> Path:
        import filelock

        cache = cache_folder() / "runs" / self.id
        cache.mkdir(parents=True, exist_ok=True)
        root = cache / "artifacts"
        root.mkdir(exist_ok=True)
        with filelock.FileLock(cache / ".lock"):
            _remove_others(root / name, {root / file.path for file in files})
            for file in files:
                self._bring(file, root)
            return (own_copy(cache_folder(), root, files) if own else root) / name

    def _bring(self, file: EntryFile, root: Path) -> None:
        """Have a file in the cache; one that is there counts only if it still is what was stored."""
        target = root / file.path
        if target.is_file() and not target.is_symlink() and _sha256(target) == file.sha256:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".part-", dir=root) as folder:
            part = Path(folder) / "file"
            near = self._near(file)
            if near is not None:
                copy_file(near, part)
            else:
                self._download(file.path, part, DigestingFile)
            if digest(part) != file.sha256:
                raise LoadError(f"{file.path} of run {self.id} is damaged: its SHA-256 is not the one in the manifest.")
            part.chmod(0o444)  # nobody is to write there, a reader by mistake least of all
            part.replace(target)

    def _near(self, file: EntryFile) -> Path | None:
        """Return a large file where it lies in the server's own folder, if that is this machine's: it is only copied.

        A reflink takes no time at all.
        """
        if file.size < _LARGE or not is_http(self.uri):
            return None
        with client_settings(retries=0):
            store = artifact_folder(self.uri)
        folder = run_folder(store, self._uri_of_artifacts()) if store else None
        source = folder / file.path if folder else None
        return source if source is not None and source.is_file() and source.stat().st_size == file.size else None

    def _uri_of_artifacts(self) -> str:
        if not self._artifact_uri:
            self.describe()
        return self._artifact_uri

    def _download(self, name: str, target: Path, opening: Callable[[Path], object] = adapter.new_file) -> None:
        self._uri_of_artifacts()
        try:
            with client_settings():
                adapter.get_artifact(self._repository[0], name, target, opening)
        except Exception as error:  # noqa: BLE001 - whatever it is, its words may hold the address
            raise LoadError(f"{name} of run {self.id} cannot be downloaded: {said(error)}") from None


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


def cache_folder() -> Path:
    """Return the user's folder for what can be had again."""
    import platformdirs

    return platformdirs.user_cache_path("jupyter-utils")


def _remove_others(artifact: Path, known: set[Path]) -> None:
    """Remove what somebody has put into a directory of the cache: a reader would take it for the run's."""
    for path in sorted(artifact.rglob("*"), reverse=True) if artifact.is_dir() else []:
        if path.is_symlink() or not path.is_dir():
            if path not in known or path.is_symlink():
                path.unlink()
        elif path in known:
            shutil.rmtree(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
