"""`load_mlflow`: give back what `save_mlflow` stored, under the same names and of the same kinds."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.lookup import kind_named
from jupyter_utils.artifacts.manifest import MANIFEST, MANIFEST_FORMAT
from jupyter_utils.artifacts.names import name_problem
from jupyter_utils.artifacts.registry import SIDECAR, Format, NotTrustedError
from jupyter_utils.entries.entry import EntryFile
from jupyter_utils.errors import LoadError, UntrustedFormatError
from jupyter_utils.machine.urls import said

from . import exact_metrics
from .arguments import spelled
from .exact_metrics import EXACT_METRICS
from .sources import find_source
from .staging import LONG_PARAMS

if TYPE_CHECKING:
    from pathlib import Path

    from .result import SaveResult
    from .sources import Source


class Values(Mapping[str, Any]):
    """The values of one argument (`dataset`, `model` or `result`): each is downloaded and read when it is asked for."""

    def __init__(self, run: _Run, artifacts: list[dict[str, Any]], failed: dict[str, str]) -> None:
        self._run = run
        self._failed = failed
        self._artifacts = {one["key"]: one for one in artifacts}

    def __getitem__(self, key: str) -> Any:
        if key in self._failed and key not in self._artifacts:
            raise LoadError(f"{key!r} is not in run {self._run.run_id}: it could not be saved ({self._failed[key]}).")
        return self._run.read(self._artifacts[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._artifacts)

    def __len__(self) -> int:
        return len(self._artifacts)

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{key!r}: <{one['type']}>" for key, one in self._artifacts.items()) + "}"


@dataclass(frozen=True)
class LoadedRun:
    """A run that `save_mlflow` stored. `params` are texts, as MLflow has them; long ones are whole.

    `metrics` are floats, as MLflow has them; what those cannot hold (infinities, a Decimal) is as it was given.
    `run_id` is the entry's id where the run still waits.
    """

    run_id: str
    run_name: str | None
    description: str | None
    params: dict[str, str]
    metrics: dict[str, Any]
    tags: dict[str, str] = field(repr=False)
    dataset: Values
    model: Values
    result: Values


@spelled
def load_mlflow(
    run_id: str | SaveResult,
    mlf_uri: str | None = None,
    *,
    only: Collection[str] = ("dataset", "model", "result"),
    trust: bool = False,
    device: str | None = None,
) -> LoadedRun:
    """Load a run that `save_mlflow` stored, or one that still waits in the spool.

    Values are read when they are asked for. What was downloaded stays in the user's cache folder, and each file counts
    only if its SHA-256 is the one that was stored, whenever it is used. A DataFrame comes back with its types and
    index, a torch module as its state_dict, checkpoints with tensors on the CPU, a LightGBM model as a `Booster`,
    transformers and scikit-learn models as themselves, a PEFT model as itself where its base was stored, else as the
    adapter's directory; a path as that of a copy of your own, which stays for a day after this process has ended.

    Args:
        run_id: MLflow's id of the run, the id of an entry that waits (`jupyter-utils sync --list`), or what
            `save_mlflow` returned.
        mlf_uri: the MLflow server; without it, that of the result, `MLFLOW_TRACKING_URI`, or the one that this
            environment starts.
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
    run = _Run(find_source(run_id, mlf_uri), trust=trust, device=device)
    described = run.source.describe()
    artifacts = [one for one in run.manifest()["artifacts"] if one["section"] in only]
    for one in artifacts:
        run.check(one)
    values = {
        section: Values(run, [one for one in artifacts if one["section"] == section], run.failed(section))
        for section in ("dataset", "model", "result")
    }
    params, metrics = described.params, dict[str, Any](described.metrics)
    if "jupyter_utils.long_params" in described.tags:
        params = params | json.loads(run.source.text(LONG_PARAMS))
    if "jupyter_utils.exact_metrics" in described.tags:
        kept = json.loads(run.source.text(EXACT_METRICS))
        metrics |= {name: exact_metrics.restored(one) for name, one in kept.items()}
    note = described.tags.get("mlflow.note.content")
    return LoadedRun(run.run_id, described.run_name, note, params, metrics, described.tags, **values)


@dataclass
class _Run:
    """One run and what it holds."""

    source: Source
    trust: bool
    device: str | None = None
    _manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def run_id(self) -> str:
        return self.source.id

    def manifest(self) -> dict[str, Any]:
        if not self._manifest:
            try:
                self._manifest = json.loads(self.source.text(MANIFEST))
            except LoadError as error:
                raise LoadError(
                    f"run_id={self.run_id!r} has no {MANIFEST}: save_mlflow did not store it, or not wholly. ({error})"
                ) from error
            if self._manifest["format"] != MANIFEST_FORMAT:
                raise LoadError(f"run_id={self.run_id!r} was stored by a later version of this package: update it.")
        return self._manifest

    def failed(self, section: str) -> dict[str, str]:
        """Return the keys of the values that could not be saved, with the reasons."""
        return {one["key"]: one["reason"] for one in self.manifest().get("failed", []) if one["section"] == section}

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
        value = self._read(form, artifact, details, own=False)
        # Whoever gets a path may write there. What was read from the cache is another's, too.
        return self._read(form, artifact, details, own=True) if isinstance(value, PurePath) else value

    def _read(self, form: Format, artifact: dict[str, Any], details: dict[str, Any], *, own: bool) -> Any:
        path = self.file(artifact["path"], own=own)
        try:
            return form.read(path, details) if form.read else None
        except NotTrustedError as error:
            raise UntrustedFormatError(self._untrusted(artifact, str(error))) from error
        except Exception as error:
            raise LoadError(f"{artifact['path']} of run {self.run_id} cannot be read: {said(error)}") from error

    def file(self, name: str, *, own: bool = False) -> Path:
        """Return a file or a directory of the run on this machine, verified; `own` makes it the caller's alone."""
        try:
            return self.source.bring(name, self._files(name), own=own)
        except OSError as error:
            raise LoadError(f"{name} of run {self.run_id} cannot be kept on this machine: {error}") from error

    def _files(self, name: str) -> list[EntryFile]:
        """Return the manifest's records of a file, or of all files of a directory (which may be empty)."""
        records = [one for one in self.manifest()["files"] if one["path"] == name or one["path"].startswith(name + "/")]
        for one in records:
            if name_problem(one["path"]):
                raise LoadError(
                    f"The manifest of run {self.run_id} names {one['path']!r}, which no artifact may be called."
                )
        return [EntryFile(**one) for one in records]
