"""What is listed of one run: of MLflow's, or of an entry that waits, in the columns of `runs`."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pandas as pd

from jupyter_utils.runs.staging import FAILED_TAG
from jupyter_utils.tracking.search import NOTEBOOK_TAG
from jupyter_utils.tracking.send import ENTRY_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jupyter_utils.tracking.search import Found

    from .waiting import WaitingEntry

FIRST = ("run_name", "state", "start_time", "experiment")
LAST = ("commit", "verdict", "notebook", "run_id", "experiment_id")
METRICS, PARAMS = "metrics.", "params."
FINISHED, PARTLY, WAITING, REFUSED = "finished", "partly saved", "waiting", "refused"


def rows(found: Found, waiting: Sequence[WaitingEntry]) -> list[dict[str, Any]]:
    """Return a dict a run, the newest first; of one that is in MLflow and in the spool, what is whole."""
    stored = {str(run.data.tags.get(ENTRY_TAG) or run.info.run_id): _stored(run, found.names) for run in found.runs}
    for one in waiting:
        begun = stored.get(one.entry.id)
        if begun is None or begun["state"] not in {FINISHED, PARTLY}:  # else it has just been sent
            stored[one.entry.id] = _waiting(one)
    return sorted(stored.values(), key=lambda row: row["start_time"] or 0, reverse=True)


def frame(found: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as a DataFrame; a column for each metric and each param that any run has."""
    names = {
        part: sorted({name for row in found for name in row if name.startswith(part)}) for part in (METRICS, PARAMS)
    }
    made = pd.DataFrame(list(found), columns=[*FIRST, *names[METRICS], *names[PARAMS], *LAST])
    made["start_time"] = pd.to_datetime(made["start_time"], unit="ms", utc=True)
    return made.astype(dict.fromkeys(names[METRICS], float))


def _stored(run: Any, experiments: Mapping[str, str]) -> dict[str, Any]:
    tags, state = run.data.tags, str(run.info.status).lower()
    return {
        **_row(run.info.run_name, run.info.start_time, tags, dict(run.data.metrics), dict(run.data.params)),
        "state": PARTLY if state == FINISHED and tags.get(FAILED_TAG) else state,
        "experiment": experiments.get(str(run.info.experiment_id)),
        "run_id": run.info.run_id,
        "experiment_id": str(run.info.experiment_id),
    }


def _waiting(one: WaitingEntry) -> dict[str, Any]:
    entry = one.entry
    return {
        **_row(entry.run_name, entry.start_time, entry.tags, entry.metrics, entry.params),
        "state": REFUSED if one.state.refused else WAITING,
        "experiment": entry.experiment_name,
        "run_id": entry.id,
        "experiment_id": None,
    }


def _row(
    name: str | None,
    start: int | None,
    tags: Mapping[str, str],
    metrics: Mapping[str, float],
    params: Mapping[str, str],
) -> dict[str, Any]:
    return {
        "run_name": name,
        "start_time": start,
        **{METRICS + key: value for key, value in _metrics(metrics, tags)},
        **{PARAMS + key: value for key, value in params.items()},
        "commit": tags.get("mlflow.source.git.commit"),
        "verdict": tags.get("jupyter_utils.verdict") or tags.get("jupyter_utils.reproduced"),
        "notebook": tags.get(NOTEBOOK_TAG),
    }


def _metrics(metrics: Mapping[str, float], tags: Mapping[str, str]) -> Iterator[tuple[str, float]]:
    """Yield each metric as the nearest float; MLflow's largest is the infinity that `save_mlflow` was given."""
    inexact: list[str] = []
    with suppress(ValueError):
        inexact = json.loads(tags.get("jupyter_utils.exact_metrics", "[]"))
    for name, value in metrics.items():
        number = float(value)
        yield name, number * 2 if name in inexact and abs(number) == sys.float_info.max else number
