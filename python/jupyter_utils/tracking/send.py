"""Send a staged entry to MLflow as one run. Reads nothing but the entry, so it can be done again or later."""

from __future__ import annotations

import json
import posixpath
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_utils.entry import ARTIFACTS, Entry, StagedFile
from jupyter_utils.errors import SendError
from jupyter_utils.progress import progress

from .server import client_settings, few_retries, without_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# MLflow's limits on one request (mlflow/utils/validation.py): entities of each kind, and bytes of the whole.
_PARAMS = 100
_METRICS = 1000
_REQUEST_BYTES = 900_000
# 100 small files took 0.40 s one after the other, and 0.21 s with eight threads.
_THREADS = 8
# MLflow's page opens an experiment of this kind on its runs. Without it the page guesses, and where nothing is there
# yet it asks; the name and value stand in MLflow's page only (the key that its own dialog sets), not in its Python.
_EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}


@dataclass(frozen=True)
class SentRun:
    """A run that MLflow holds completely."""

    run_id: str
    experiment_id: str


def send(
    entry: Entry, directory: Path, uri: str, *, experiment_id: str | None = None, commit: str | None = None
) -> SentRun:
    """Send an entry; the run is marked finished last, when everything else has arrived.

    `experiment_id` spares a request where the caller knows it already; `commit` is for messages only.

    Raises `SendError`, whose message says what exists by then: the run, if it was begun, is marked failed.
    """
    from mlflow import MlflowClient  # noqa: PLC0415
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository  # noqa: PLC0415

    with client_settings():
        client = MlflowClient(uri)
        run_id = None
        try:
            experiment_id = experiment_id or _experiment(client, entry.experiment_name)
            run = client.create_run(experiment_id, entry.start_time, entry.tags, entry.run_name)
            run_id = run.info.run_id
            store = get_artifact_repository(run.info.artifact_uri, tracking_uri=uri)
            _fill(client, store, run_id, entry, directory / ARTIFACTS)
            client.set_terminated(run_id, "FINISHED")
        except BaseException as error:
            marked = _mark(client, run_id, "FAILED" if isinstance(error, Exception) else "KILLED")
            if not isinstance(error, Exception):
                raise
            message = _what_happened(error, uri, run_id, commit, marked=marked)
            raise SendError(message, run_id=run_id, commit=commit) from error
    return SentRun(run_id, experiment_id)


def _experiment(client: Any, name: str) -> str:
    from mlflow import MlflowException  # noqa: PLC0415

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, tags=_EXPERIMENT_TAGS))
        except MlflowException as error:
            # Another notebook made it in between.
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(name)
    return str(found.experiment_id)


def _log_values(client: Any, run_id: str, entry: Entry) -> None:
    from mlflow.entities import Metric, Param  # noqa: PLC0415

    params = list(_batches([Param(key, value) for key, value in entry.params.items()], _PARAMS))
    metrics = list(
        _batches([Metric(key, value, entry.start_time, 0) for key, value in entry.metrics.items()], _METRICS)
    )
    if len(params) == len(metrics) == 1 and len(params[0]) + len(metrics[0]) <= _METRICS:
        client.log_batch(run_id, metrics=metrics[0], params=params[0])
        return
    for batch in params:
        client.log_batch(run_id, params=batch)
    for batch in metrics:
        client.log_batch(run_id, metrics=batch)


def _log_inputs(client: Any, run_id: str, entry: Entry) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag  # noqa: PLC0415

    inputs = [
        DatasetInput(
            Dataset(one.name[:500], one.digest, "local", json.dumps({"uri": one.path}, ensure_ascii=False)),
            [InputTag("mlflow.data.context", one.context)],
        )
        for one in entry.inputs
    ]
    if inputs:
        client.log_inputs(run_id, inputs)


def _batches(items: list[Any], count: int) -> Iterator[list[Any]]:
    """Cut a list into pieces that one request may hold, in number and in bytes."""
    batch: list[Any] = []
    size = 0
    for item in items:
        # As MLflow measures it: the JSON text, in which a Japanese character takes six bytes.
        weight = len(json.dumps([item.key, item.value])) + 64
        if batch and (len(batch) == count or size + weight > _REQUEST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += weight
    if batch:
        yield batch


def _fill(client: Any, store: Any, run_id: str, entry: Entry, root: Path) -> None:
    """Send everything of the run at once, in threads: nothing of it depends on anything else of it."""

    def upload(file: StagedFile) -> int:
        # Not through the client, which asks for the run's address again for each file.
        store.log_artifact(str(root / file.path), posixpath.dirname(file.path) or None)
        return file.size

    def values(log: Callable[[Any, str, Entry], None]) -> int:
        log(client, run_id, entry)
        return 0

    with progress("Uploading to MLflow", entry.size, in_bytes=True) as bar, ThreadPoolExecutor(_THREADS) as pool:
        tasks = [pool.submit(values, _log_values), pool.submit(values, _log_inputs)]
        tasks += [pool.submit(upload, file) for file in entry.files]
        try:
            for task in as_completed(tasks):
                bar.update(task.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _mark(client: Any, run_id: str | None, status: str) -> bool:
    """Mark a run that did not become whole; False where even that fails: it is shown as running, not as finished."""
    if run_id is None:
        return False
    try:
        with few_retries():
            client.set_terminated(run_id, status)
    except Exception:  # noqa: BLE001 - the first error is the one to tell
        return False
    return True


def _what_happened(error: Exception, uri: str, run_id: str | None, commit: str | None, *, marked: bool) -> str:
    done = [f"the notebook is committed as {commit}" if commit else "nothing was committed"]
    state = "is marked as failed" if marked else "could not be marked as failed, so that MLflow shows it as running"
    done.append(f"run {run_id} was begun and {state}" if run_id else "no run was begun")
    return (
        f"MLflow at {without_credentials(uri)} did not take the whole run: {type(error).__name__}: {error}\n"
        f"What exists: {'; '.join(done)}. Call save_mlflow again when the server is well."
    )
