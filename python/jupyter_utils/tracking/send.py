"""Send an entry to MLflow as one run, however often: what is there already is found by its tag and completed."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from jupyter_utils.entries.entry import ARTIFACTS
from jupyter_utils.errors import EntryError, SendError, UnsentError
from jupyter_utils.machine.urls import said, without_credentials

from .client import client_settings, open_client
from .local import artifact_folder
from .retry import is_later, is_login, status_of, with_retries
from .server import is_http, login_remedy
from .transfer import Begun, Transfer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jupyter_utils.entries.entry import Entry

ENTRY_TAG = "jupyter_utils.entry"
"""The run's tag that names the call it belongs to: there is never a second run with the same."""

# MLflow's limits on one request (mlflow/utils/validation.py): entities of each kind, and bytes of the whole.
_PARAMS = 100
_METRICS = 1000
_REQUEST_BYTES = 900_000
_NOTE = "mlflow.note.content"
# MLflow's page opens an experiment of this kind on its runs. Without it the page guesses, and where nothing is there
# yet it asks; the name and value stand in MLflow's page only (the key that its own dialog sets), not in its Python.
_EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}


@dataclass(frozen=True)
class SentRun:
    """A run that MLflow holds completely."""

    run_id: str
    experiment_id: str


def send(entry: Entry, directory: Path, uri: str, *, experiment_id: str | None = None, fresh: bool = False) -> SentRun:
    """Send an entry; the run is marked finished last, when everything else has arrived and been verified.

    Args:
        entry: the run.
        directory: where its files are.
        uri: the server's address, with credentials where it needs them.
        experiment_id: spares a request where the caller knows it already.
        fresh: whether this is the first attempt.

    Raises:
        UnsentError: not now; the run, if it was begun, stays running.
        SendError: never; the run is marked failed, with the reason as its note.
        EntryError: the entry's files are damaged; nothing of it was sent.
    """
    with client_settings(retries=0):
        client = run = None
        try:
            client = open_client(uri)
            store = artifact_folder(uri) if is_http(uri) else None
            experiment_id = experiment_id or with_retries(_experiment, client, entry.experiment_name)
            run = _begin(client, entry, experiment_id, fresh=fresh)
            values = [partial(log, client, run.run_id, entry) for log in (_log_values, _log_inputs)]
            Transfer(entry, directory / ARTIFACTS, run, uri, store).bring(values)
            _finish(client, entry, run)
        except EntryError as error:
            if run is not None:
                _withdraw(client, run, str(error))
            raise
        except Exception as error:  # noqa: BLE001 - all kinds are explained
            # Not "from error": a notebook keeps the whole chain, and MLflow writes the address with the password.
            raise _explained(client, run, error, uri) from None
    return SentRun(run.run_id, run.experiment_id)


def _begin(client: Any, entry: Entry, experiment_id: str, *, fresh: bool) -> Begun:
    """Find the entry's run, or create it. Creating is never repeated blindly: a lost answer may stand for a run."""
    tags = entry.tags | {ENTRY_TAG: entry.id}
    looking = not fresh

    def begin() -> Begun:
        nonlocal looking
        if looking and (found := _find(client, entry, experiment_id)):
            return _resume(client, entry, found[0])
        if looking and (found := _find(client, entry, experiment_id, deleted=True)):
            # Somebody took the half of it for something to clean up; its files may lie there, and nowhere else.
            client.restore_run(found[0].info.run_id)
            return _resume(client, entry, found[0])
        resumed, looking = looking, True
        run = client.create_run(experiment_id, entry.start_time, tags, entry.run_name)
        return Begun(run.info.run_id, experiment_id, run.info.artifact_uri, resumed=resumed)

    return with_retries(begin)


def _find(client: Any, entry: Entry, experiment_id: str, *, deleted: bool = False) -> list[Any]:
    """Return the entry's runs (one, but for a lost answer), the one to go on with first."""
    from mlflow.entities import ViewType

    kind = ViewType.DELETED_ONLY if deleted else ViewType.ACTIVE_ONLY
    found = client.search_runs([experiment_id], f"tags.`{ENTRY_TAG}` = '{entry.id}'", kind, max_results=100)
    return sorted(found, key=lambda run: (run.info.status != "FINISHED", run.info.run_id))


def _resume(client: Any, entry: Entry, run: Any) -> Begun:
    if run.info.status not in {"RUNNING", "FINISHED"}:
        # Refused or interrupted before: it lives again, and says what the caller wrote, not why it was refused.
        with_retries(client.update_run, run.info.run_id, "RUNNING")
        with_retries(client.set_tag, run.info.run_id, _NOTE, entry.tags.get(_NOTE, ""))
    return Begun(run.info.run_id, run.info.experiment_id, run.info.artifact_uri, resumed=True)


def _finish(client: Any, entry: Entry, run: Begun) -> None:
    if run.resumed:
        # A request to create it that seemed lost may have been carried out after all.
        for other in with_retries(_find, client, entry, run.experiment_id):
            if other.info.run_id != run.run_id:
                with_retries(client.delete_run, other.info.run_id)
    with_retries(client.set_terminated, run.run_id, "FINISHED")


def _explained(client: Any, run: Begun | None, error: Exception, uri: str) -> UnsentError | SendError:
    """Return the error that says what went wrong, and what exists now; a run that is refused is marked failed."""
    run_id = run.run_id if run else None
    words = f"{type(error).__name__}: {said(error)}"
    shown = without_credentials(uri)
    if is_login(error):
        hint = login_remedy(uri)
        return UnsentError(f"MLflow at {shown} does not let us in ({words}): {hint}", run_id=run_id)
    if is_later(error):
        return UnsentError(f"MLflow at {shown} did not take all of it ({words}).", run_id=run_id)
    state = f"run {run_id} was begun and is marked as failed" if run_id else "no run was begun"
    if run_id and not _mark_failed(client, run_id, words):
        state = f"run {run_id} was begun and could not be marked as failed, so that MLflow shows it as running"
    what = f"MLflow at {shown} refused the run" if status_of(error) else f"The run could not be sent to {shown}"
    return SendError(f"{what}: {words}\nWhat exists: {state}.", run_id=run_id)


def _withdraw(client: Any, run: Begun, reason: str) -> None:
    """Leave no run that seems to go on for ever where its files are gone: delete a new one, fail an earlier one."""
    if run.resumed:
        _mark_failed(client, run.run_id, reason)
        return
    with contextlib.suppress(Exception):  # the first error is the one to tell
        client.delete_run(run.run_id)


def _mark_failed(client: Any, run_id: str, reason: str) -> bool:
    try:
        client.set_tag(run_id, _NOTE, f"This run is not whole: MLflow refused a part of it. {reason}"[:8000])
        client.set_terminated(run_id, "FAILED")
    except Exception:  # noqa: BLE001 - the first error is the one to tell
        return False
    return True


def _experiment(client: Any, name: str) -> str:
    from mlflow import MlflowException

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
    from mlflow.entities import Metric, Param

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
    from mlflow.entities import Dataset, DatasetInput, InputTag

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
