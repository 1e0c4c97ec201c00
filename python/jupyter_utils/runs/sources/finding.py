"""Where a run is loaded from: MLflow, or the spool, where it still waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_utils.errors import LoadError
from jupyter_utils.machine.urls import said
from jupyter_utils.runs.result import SaveResult
from jupyter_utils.spool import own_spool
from jupyter_utils.tracking import client_settings, run_of_entry, sending_uri, tracking_uri, tracking_uri_problem

from .ids import ENTRY, HINT, run_of_address
from .stored import StoredRun, check_server
from .waiting import WaitingRun

if TYPE_CHECKING:
    from pathlib import Path

    from .source import Source


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
