"""MLflow: whether its server answers, and sending a staged entry to it."""

from __future__ import annotations

from .client import NOTEBOOKS, client_settings
from .find import run_of_entry
from .local import artifact_folder
from .send import SentRun, send
from .server import (
    DEFAULT_URI,
    ServerStatus,
    check_server,
    is_http,
    run_url,
    sending_uri,
    tracking_uri,
    tracking_uri_problem,
    why_down,
)

__all__ = [
    "DEFAULT_URI",
    "NOTEBOOKS",
    "SentRun",
    "ServerStatus",
    "artifact_folder",
    "check_server",
    "client_settings",
    "is_http",
    "run_of_entry",
    "run_url",
    "send",
    "sending_uri",
    "tracking_uri",
    "tracking_uri_problem",
    "why_down",
]
