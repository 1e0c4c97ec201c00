"""`load_mlflow`: give back what `save_mlflow` stored, under the same names and of the same kinds."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.lookup import kind_named
from jupyter_utils.artifacts.manifest import MANIFEST, MANIFEST_FORMAT
from jupyter_utils.artifacts.names import name_problem
from jupyter_utils.artifacts.registry import SIDECAR, Format, NotTrustedError
from jupyter_utils.entries.copying import copy_file
from jupyter_utils.entries.entry import sha256
from jupyter_utils.errors import LoadError, UntrustedFormatError
from jupyter_utils.machine.urls import said
from jupyter_utils.tracking.local import artifact_folder, run_folder
from jupyter_utils.tracking.server import client_settings, is_http, tracking_uri

from .staging import LONG_PARAMS

if TYPE_CHECKING:
    from pathlib import Path

_LARGE = 16 * 2**20
"""Bytes from which on it is worth to ask whether a file lies on this machine."""


class Values(Mapping[str, Any]):
    """The values of one argument (`dataset`, `model` or `result`): each is downloaded and read when it is asked for."""

    def __init__(self, run: _Run, artifacts: list[dict[str, Any]]) -> None:
        self._run = run
        self._artifacts = {one["key"]: one for one in artifacts}

    def __getitem__(self, key: str) -> Any:
        return self._run.read(self._artifacts[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._artifacts)

    def __len__(self) -> int:
        return len(self._artifacts)

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{key!r}: <{one['type']}>" for key, one in self._artifacts.items()) + "}"


@dataclass(frozen=True)
class LoadedRun:
    """A run that `save_mlflow` stored. `params` are texts, as MLflow has them; long ones are whole."""

    run_id: str
    run_name: str | None
    description: str | None
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str] = field(repr=False)
    dataset: Values
    model: Values
    result: Values


def load_mlflow(
    run_id: str,
    mlf_uri: str | None = None,
    *,
    only: Collection[str] = ("dataset", "model", "result"),
    trust: bool = False,
    device: str | None = None,
) -> LoadedRun:
    """Load a run that `save_mlflow` stored.

    Values are downloaded when they are asked for, once: they stay in the user's cache folder, checked by digest.
    A DataFrame comes back with its types and index, a path as the path of the downloaded copy, a torch module as its
    state_dict, checkpoints with tensors on the CPU, a LightGBM model as a `Booster`, transformers and scikit-learn
    models as themselves, a PEFT model as itself where its base was stored, else as the adapter's directory.

    Args:
        run_id: MLflow's id of the run.
        mlf_uri: the MLflow server; without it, `MLFLOW_TRACKING_URI`, else the one that this environment starts.
        only: the arguments of `save_mlflow` to give back.
        trust: allow formats whose reading can run code of whoever wrote them (pickle, joblib, checkpoints with types
            that torch does not know), and the code that comes with a transformers model. Without it nothing is asked:
            such a value is refused.
        device: where tensors and models of torch are to be, such as "cuda"; without it, on the CPU.

    Raises:
        UntrustedFormatError: a value is stored in such a format, and `trust` is off.
        LoadError: there is no such run, it was not stored by `save_mlflow`, or a file is damaged.

    Example::

        run = jupyter_utils.load_mlflow("0123456789abcdef0123456789abcdef")
        train_df = run.dataset["train.csv"]
    """
    run = _Run(run_id, tracking_uri(mlf_uri), trust=trust, device=device)
    info = run.info()
    artifacts = [one for one in run.manifest()["artifacts"] if one["section"] in only]
    for one in artifacts:
        run.check(one)
    values = {
        section: Values(run, [one for one in artifacts if one["section"] == section])
        for section in ("dataset", "model", "result")
    }
    tags = dict(info.data.tags)
    params = dict(info.data.params)
    if "jupyter_utils.long_params" in tags:
        params |= json.loads(run.file(LONG_PARAMS).read_text(encoding="utf-8"))
    return LoadedRun(
        run_id, info.info.run_name, tags.get("mlflow.note.content"), params, dict(info.data.metrics), tags, **values
    )


@dataclass
class _Run:
    """One run on one server, and its files in the cache."""

    run_id: str
    uri: str
    trust: bool
    device: str | None = None
    _manifest: dict[str, Any] = field(default_factory=dict)

    def info(self) -> Any:
        from mlflow import MlflowClient, MlflowException

        try:
            with client_settings():
                return MlflowClient(self.uri).get_run(self.run_id)
        except MlflowException as error:
            raise LoadError(f"run_id={self.run_id!r} cannot be loaded from MLflow: {said(error)}") from None

    def manifest(self) -> dict[str, Any]:
        if not self._manifest:
            try:
                self._manifest = json.loads(self.file(MANIFEST).read_text(encoding="utf-8"))
            except LoadError as error:
                raise LoadError(
                    f"run_id={self.run_id!r} has no {MANIFEST}: save_mlflow did not store it, or not wholly."
                ) from error
            if self._manifest["format"] != MANIFEST_FORMAT:
                raise LoadError(f"run_id={self.run_id!r} was stored by a later version of this package: update it.")
        return self._manifest

    def check(self, artifact: dict[str, Any]) -> Format:
        """Return the format in which an artifact can be read here, now.

        Raises:
            LoadError: it cannot be; the message says why.
        """
        for name in (artifact["path"], artifact["details"].get(SIDECAR, "x")):
            wrong = name_problem(name)
            if wrong:
                raise LoadError(f"The manifest of run {self.run_id} names {name!r}, which {wrong}.")
        kind = kind_named(artifact["kind"])
        form = next((one for one in kind.formats if one.name == artifact["format"]), None) if kind else None
        if form is None or form.read is None:
            raise LoadError(
                f"{artifact['path']} ({artifact['type']}, {artifact['format']}) has no reader here: register its kind "
                "with jupyter_utils.register_writer(..., read=...) first."
            )
        if form.code and not self.trust:
            raise UntrustedFormatError(self._untrusted(artifact, f"{form.name} runs what is written in it"))
        return form

    def _untrusted(self, artifact: dict[str, Any], why: str) -> str:
        return (
            f"{artifact['path']} ({artifact['type']}) is stored as {artifact['format']}, and reading it can run code "
            f"of whoever stored run {self.run_id}: {why}. If you trust them: load_mlflow({self.run_id!r}, trust=True)."
        )

    def read(self, artifact: dict[str, Any]) -> Any:
        form = self.check(artifact)
        details = artifact["details"] | {"trust": self.trust} | ({"device": self.device} if self.device else {})
        if SIDECAR in details:
            details[SIDECAR] = self.file(details[SIDECAR]).read_bytes()
        path = self.file(artifact["path"])
        try:
            return form.read(path, details) if form.read else None
        except NotTrustedError as error:
            raise UntrustedFormatError(self._untrusted(artifact, str(error))) from error
        except Exception as error:
            raise LoadError(f"{artifact['path']} of run {self.run_id} cannot be read: {said(error)}") from error

    def file(self, name: str) -> Path:
        """Return the local copy of a file or directory of the run; downloads what is not there yet, and checks it."""
        import filelock
        import platformdirs

        cache = platformdirs.user_cache_path("jupyter-utils") / "runs" / self.run_id
        cache.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(cache / ".lock"):
            for file in self._files(name):
                self._fetch(file, cache / "artifacts")
        return cache / "artifacts" / name

    def _files(self, name: str) -> list[dict[str, Any]]:
        """Return the manifest's records of a file, or of all files of a directory (which may be empty)."""
        if name in {MANIFEST, LONG_PARAMS}:
            return [{"path": name, "size": None, "sha256": None}]
        return [one for one in self.manifest()["files"] if one["path"] == name or one["path"].startswith(name + "/")]

    def _fetch(self, file: dict[str, Any], root: Path) -> None:
        if name_problem(file["path"]):
            raise LoadError(
                f"The manifest of run {self.run_id} names {file['path']!r}, which no artifact may be called."
            )
        target = root / file["path"]
        if target.is_file() and target.stat().st_size == file["size"]:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        source = self._near(file)
        if source is not None:
            copy_file(source, target)
        else:
            self._download(file, target)
        if file["sha256"] and sha256(target) != file["sha256"]:
            target.unlink()
            raise LoadError(
                f"{file['path']} of run {self.run_id} is damaged: its SHA-256 is not the one in the manifest."
            )

    def _download(self, file: dict[str, Any], target: Path) -> None:
        from mlflow import MlflowClient

        try:
            with client_settings():
                MlflowClient(self.uri).download_artifacts(self.run_id, file["path"], str(target.parent))
        except Exception as error:  # noqa: BLE001 - whatever it is, its words may hold the address
            raise LoadError(f"{file['path']} of run {self.run_id} cannot be downloaded: {said(error)}") from None

    def _near(self, file: dict[str, Any]) -> Path | None:
        """Return a large file where it lies in the server's own folder, if that is this machine's: it is only copied.

        Its digest is taken on the way, and a reflink takes no time at all.
        """
        if (file["size"] or 0) < _LARGE or not is_http(self.uri):
            return None
        with client_settings(retries=0):
            store = artifact_folder(self.uri)
        folder = run_folder(store, self.info().info.artifact_uri) if store else None
        source = folder / file["path"] if folder else None
        return source if source is not None and source.is_file() and source.stat().st_size == file["size"] else None
