"""MLflow: whether its server answers, and sending a staged entry to it."""

from __future__ import annotations

from .local import artifact_folder
from .send import SentRun, send
from .server import (
    DEFAULT_URI,
    ServerStatus,
    check_server,
    client_settings,
    is_http,
    run_url,
    sending_uri,
    tracking_uri,
    why_down,
)

__all__ = [
    "DEFAULT_URI",
    "SentRun",
    "ServerStatus",
    "artifact_folder",
    "check_server",
    "client_settings",
    "is_http",
    "run_url",
    "send",
    "sending_uri",
    "tracking_uri",
    "why_down",
]
