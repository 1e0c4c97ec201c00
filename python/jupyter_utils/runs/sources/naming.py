"""What people write for a run on a command line: its id, a beginning of that, or the address of its page in MLflow."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jupyter_utils.adapters.mlflow_client import client
from jupyter_utils.errors import LoadError
from jupyter_utils.machine.plain_text import plain
from jupyter_utils.machine.urls import without_credentials
from jupyter_utils.spool import own_spool
from jupyter_utils.tracking import client_settings, tracking_uri

from .ids import ENTRY, HINT, RUN_ID, run_of_address
from .stored import check_server, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

_BEGINNING = re.compile(r"[0-9a-f][0-9a-f-]{3,30}")
"""Of MLflow's ids (32 digits), or of those of entries (15 digits, -, 16 digits)."""
_SHOWN = 6


def named_run(run: str, mlf_uri: str | None = None) -> str:
    """Return the id of the run that somebody means: MLflow's, or that of an entry that waits.

    Args:
        run: the id, four or more of its first digits, or the address of its page.
        mlf_uri: the MLflow server; without it, as for `load_mlflow`.

    Raises:
        LoadError: no run begins so, or several do; or the server does not answer.
    """
    run = run.strip()
    if found := run_of_address(run):
        return found
    if RUN_ID.fullmatch(run) or ENTRY.fullmatch(run) or not _BEGINNING.fullmatch(run.lower()):
        return run
    begun = run.lower()
    uri = tracking_uri(mlf_uri)
    waiting = dict(_waiting(begun))
    try:
        found_ids = dict(_stored(begun, uri)) | waiting
    except LoadError:
        if len(waiting) != 1:
            raise
        found_ids = waiting  # no server, and still the run of an aeroplane can be looked at
    if not found_ids:
        where = without_credentials(uri)
        raise LoadError(f"No run begins with {run}, in the MLflow at {where} or in what waits for it.\n{HINT}")
    if len(found_ids) > 1:
        listed = [f"  {one}  {words}".rstrip() for one, words in list(found_ids.items())[:_SHOWN]]
        more = [f"  and {len(found_ids) - _SHOWN} more"] if len(found_ids) > _SHOWN else []
        raise LoadError(
            "\n".join([f"{run} is the beginning of {len(found_ids)} runs: write more of it.", *listed, *more])
        )
    return next(iter(found_ids))


def _waiting(begun: str) -> Iterator[tuple[str, str]]:
    """Yield entries that begin so, and runs that MLflow has a part of: these by MLflow's id."""
    spool = own_spool()
    for entry in spool.names():
        run_id = spool.state(entry).run_id or ""
        if run_id.startswith(begun):
            yield run_id, "waits"
        elif entry.startswith(begun):
            yield entry, "waits"


def _stored(begun: str, uri: str) -> Iterator[tuple[str, str]]:
    """Yield runs in MLflow, deleted ones as well, with what tells them apart."""
    from mlflow.entities import ViewType

    check_server(begun, uri)
    try:
        with client_settings():
            mlflow = client(uri)
            places = [one.experiment_id for one in mlflow.search_experiments(view_type=ViewType.ALL)]
            asked = f"attributes.run_id LIKE '{begun}%'"
            runs = mlflow.search_runs(places, asked, ViewType.ALL, max_results=100) if places else []
    except Exception as error:  # noqa: BLE001 - whatever it is, its words may hold the address
        raise LoadError(f"Runs cannot be looked for in MLflow: {refused(error, uri)}") from None
    for run in runs:
        when = datetime.fromtimestamp(run.info.start_time / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
        gone = "deleted" if run.info.lifecycle_stage == "deleted" else ""
        yield run.info.run_id, "  ".join(filter(None, (when, plain(run.info.run_name or ""), gone)))
