"""MLflow: whether its server answers, and sending a staged entry to it."""

from __future__ import annotations

from jupyter_utils.machine.lab_store import DEFAULT_URI

from .client import NOTEBOOKS, client_settings
from .find import run_of_entry
from .identity import Answer, ask
from .local import artifact_folder
from .send import SentRun, send
from .server import (
    ServerStatus,
    check_experiment,
    experiment_mark,
    is_http,
    run_path,
    run_url,
    sending_uri,
    tracking_uri,
    tracking_uri_problem,
    why_down,
)

__all__ = [
    "DEFAULT_URI",
    "NOTEBOOKS",
    "Answer",
    "SentRun",
    "ServerStatus",
    "artifact_folder",
    "ask",
    "check_experiment",
    "client_settings",
    "experiment_mark",
    "is_http",
    "run_of_entry",
    "run_path",
    "run_url",
    "send",
    "sending_uri",
    "tracking_uri",
    "tracking_uri_problem",
    "why_down",
]
