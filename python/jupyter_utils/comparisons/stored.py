"""What MLflow knows of a run besides its last values: who, when, and every step of a metric."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jupyter_utils.adapters.mlflow_client import client
from jupyter_utils.errors import CompareError
from jupyter_utils.machine.urls import said, without_credentials
from jupyter_utils.tracking import client_settings

from .comparison import Facts

if TYPE_CHECKING:
    from jupyter_utils.runs.sources import Described, StoredRun


def look(source: StoredRun) -> Any:
    """Return MLflow's facts of a run.

    Raises:
        CompareError: it was deleted, or cannot be read.
    """
    try:
        with client_settings():
            info = client(source.uri).get_run(source.id).info
    except Exception as error:  # noqa: BLE001 - whatever it is, its words may hold the address
        raise CompareError(f"The run {source.id} cannot be read from MLflow: {said(error)}") from None
    if info.lifecycle_stage == "deleted":
        raise CompareError(
            f"The run {source.id} was deleted in MLflow: restore it there first (Restore, on the experiment's page "
            "with the filter State: Deleted)."
        )
    return info


def facts(source: StoredRun, info: Any, described: Described) -> Facts:
    """Return what people want to know of a run."""
    tags = described.tags
    about = {
        "status": str(info.status).lower(),
        "by": tags.get("mlflow.user", ""),
        "started": _time(info.start_time),
        "source": tags.get("jupyter_utils.notebook.path") or tags.get("mlflow.source.name", ""),
        "commit": tags.get("mlflow.source.git.commit", ""),
        "in": without_credentials(source.uri),
    }
    return Facts(source.id, described.run_name or "", {name: value for name, value in about.items() if value})


def _time(milliseconds: int | None) -> str:
    if not milliseconds:
        return ""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def history(source: StoredRun, metric: str) -> list[tuple[int, int, float]]:
    """Return every value of a metric as (step, time, value), in this order.

    Raises:
        CompareError: MLflow does not give them.
    """
    try:
        with client_settings():
            found = client(source.uri).get_metric_history(source.id, metric)
    except Exception as error:  # noqa: BLE001 - as above
        raise CompareError(f"The steps of {metric} cannot be read from MLflow: {said(error)}") from None
    return sorted((int(one.step), int(one.timestamp), float(one.value)) for one in found)
