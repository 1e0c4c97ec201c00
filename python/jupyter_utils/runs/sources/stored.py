"""A run in MLflow, by way of a cache that nobody is handed."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.adapters.mlflow_client import artifact_repository, client
from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.entries.copying import copy_file, digest
from jupyter_utils.entries.digesting import DigestingFile
from jupyter_utils.entries.stores import KnownStores
from jupyter_utils.errors import DAMAGED, LoadError
from jupyter_utils.machine.urls import said, without_credentials
from jupyter_utils.runs.destination import check
from jupyter_utils.spool import own_spool
from jupyter_utils.tracking import artifact_folder, client_settings, is_http
from jupyter_utils.tracking.local import run_folder
from jupyter_utils.tracking.server import REMEDY_DOWN, login_remedy

from .copies import own_copy
from .ids import HINT
from .source import Described, cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jupyter_utils.entries.entry import EntryFile

_NO_SUCH = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}
_LARGE = 16 * 2**20
"""Bytes from which on it is worth to ask whether a file lies on this machine."""
_ATTEMPTS = 3
"""How often a server that does not answer is asked."""


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
    remedy = "" if answer.is_stranger else f" {REMEDY_DOWN}"
    raise LoadError(f"run_id={run!r} cannot be loaded: the MLflow server at {where} {answer.down}.{remedy}")


def refused(error: Exception, uri: str) -> str:
    """Say in words why MLflow refuses, and what helps where it wants a password."""
    words = said(error)
    if getattr(error, "error_code", None) == "UNAUTHENTICATED" or "error code 401" in words:
        return f"{words} If it asks for a password: {login_remedy(uri)}"
    return words


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
            words = refused(error, self.uri)
            raise LoadError(f"run_id={self.id!r} cannot be loaded from MLflow: {words}{hint}") from None

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
                raise LoadError(f"{file.path} of run {self.id} is damaged (its SHA-256 is another one): {DAMAGED}.")
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
