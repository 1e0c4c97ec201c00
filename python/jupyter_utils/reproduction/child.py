"""The run that says what came of a reproduction: a child of the original, sent like any other run, by the spool."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jupyter_utils.adapters.mlflow_client import client
from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.entries.copying import copy_tree
from jupyter_utils.entries.entry import ARTIFACTS, Entry, measure_files, write_entry
from jupyter_utils.entries.stores import KnownStores
from jupyter_utils.errors import JupyterUtilsError, ReproduceError, SaveRefusedError
from jupyter_utils.machine.urls import said, without_credentials
from jupyter_utils.runs.delivery import deliver
from jupyter_utils.runs.destination import check
from jupyter_utils.runs.records.masked_notebook import masked_notebook
from jupyter_utils.runs.records.reproducing import TAG
from jupyter_utils.runs.records.sealing import TAG as SEAL
from jupyter_utils.spool import own_spool
from jupyter_utils.tracking import client_settings, experiment_mark, run_url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jupyter_utils.spool import EntryLease, Spool
    from jupyter_utils.tracking import SentRun

    from .original import Original
    from .saved import Saved

VERDICT = "jupyter_utils.verdict"
REPRODUCED = "jupyter_utils.reproduced"
FOLDER = f"{OWN_FOLDER}/reproduction"
_PARENT = "mlflow.parentRunId"
# Of the run in the work folder, and of no other.
_OWN = (SEAL, "mlflow.runName", _PARENT)


@dataclass(frozen=True)
class Delivered:
    """The child: MLflow's id and page of it, or the entry that waits, and why."""

    run_id: str | None = None
    url: str | None = None
    entry: Path | None = None
    why: str = ""


@dataclass(frozen=True)
class Outcome:
    """What is told of a reproduction: the verdict, in the words of the tag, and the files of the report."""

    verdict: str
    files: Mapping[str, str]
    notebook: Path | None = None


def deliver_child(original: Original, saved: Saved | None, outcome: Outcome) -> Delivered:
    """Send one run to where the original is; where that is not reached, it waits in this user's spool.

    Args:
        original: the run that was reproduced.
        saved: what the execution has saved; None where it has not.
        outcome: what is told of it.

    Raises:
        ReproduceError: this user's spool cannot keep it.
    """
    spool = own_spool()
    try:
        spool.prepare()
        with ExitStack() as stack:
            lease = stack.enter_context(spool.writing(None))
            _write(original, saved, outcome, spool, lease)
            spool.commit(lease)
            return _send(original, spool, lease)
    except (OSError, SaveRefusedError) as error:
        raise ReproduceError(f"The report could not be kept in {spool.path} ({said(error)}).") from None


def _write(original: Original, saved: Saved | None, outcome: Outcome, spool: Spool, lease: EntryLease) -> None:
    root = lease.path / ARTIFACTS
    if saved:
        root.rmdir()
        copy_tree(saved.path / ARTIFACTS, root)
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    for name, text in outcome.files.items():
        (root / FOLDER / name).write_text(text, encoding="utf-8", errors="surrogateescape")
    if outcome.notebook:
        text = outcome.notebook.read_text(encoding="utf-8", errors="surrogateescape")
        shown = masked_notebook(text)  # it ran as it is
        (root / FOLDER / outcome.notebook.name).write_text(shown, encoding="utf-8", errors="surrogateescape")
    uri, store, mark = _destination(original, spool)
    entry = Entry(
        experiment_name=original.experiment,
        start_time=saved.entry.start_time if saved else int(time.time() * 1000),
        run_name=f"reproduction of {original.side.facts.name or original.id}",
        params=saved.entry.params if saved else {},
        metrics=saved.entry.metrics if saved else {},
        tags=_tags(original, saved, outcome),
        files=measure_files(lease.path),
        inputs=saved.entry.inputs if saved else (),
        id=lease.id,
        uri=uri,
        store=store,
        experiment=mark,
    )
    write_entry(entry, lease.path)


def _tags(original: Original, saved: Saved | None, outcome: Outcome) -> dict[str, str]:
    tags = dict(saved.entry.tags) if saved else {}
    # The commit of the work folder means nothing to anybody.
    kept = {name: one for name, one in tags.items() if not name.startswith("mlflow.source.git.") and name not in _OWN}
    commit = original.tags.get("mlflow.source.git.commit")
    named = {
        name: original.tags[name] for name in ("mlflow.source.name", "mlflow.source.type") if name in original.tags
    }
    kept |= named | ({"mlflow.source.git.commit": commit} if commit else {})
    return kept | {TAG: original.id, VERDICT: outcome.verdict} | ({_PARENT: original.run_id} if original.run_id else {})


def _destination(original: Original, spool: Spool) -> tuple[str, str, str | None]:
    """Return address, identity of the store and mark of the experiment, as a run that is saved now would have them."""
    if original.side.stored is None:
        return original.uri, original.store, None
    known, uri = KnownStores(spool.path), original.side.stored.uri
    answer = check(uri, known)
    if answer.down:
        return without_credentials(uri), next(iter(known.meant(uri)), ""), None
    return without_credentials(uri), answer.store, experiment_mark(uri, original.experiment)


def _send(original: Original, spool: Spool, lease: EntryLease) -> Delivered:
    """Send it; a run whose original waits itself waits behind that one."""
    if original.side.stored is None:
        return Delivered(entry=lease.path, why="the original waits itself")
    uri, entry = original.side.stored.uri, lease.path
    answer = check(uri, KnownStores(spool.path))
    if answer.down:
        spool.make_durable(lease)
        return Delivered(entry=entry, why=f"the MLflow server at {without_credentials(uri)} {answer.down}")
    try:
        run: SentRun = deliver(spool, lease, uri=uri, fresh=True)
    except JupyterUtilsError as error:
        return Delivered(entry=entry, why=said(error))
    return Delivered(run.run_id, run_url(uri, run.experiment_id, run.run_id))


def mark_original(original: Original, verdict: str) -> str:
    """Note the verdict and the time on the original; return why that could not be done, or nothing."""
    if original.side.stored is None:
        return ""
    when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ")
    try:
        with client_settings():
            client(original.side.stored.uri).set_tag(original.id, REPRODUCED, f"{verdict} {when}")
    except Exception as error:  # noqa: BLE001 - it may be another's run, which this user may only read
        return f"The original could not be marked: {said(error)}"
    return ""


def as_json(data: object) -> str:
    """Return plain data as JSON."""
    return json.dumps(data, ensure_ascii=False, indent=1)
