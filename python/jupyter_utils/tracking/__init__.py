"""MLflow: whether its server answers, and sending a staged entry to it."""

from __future__ import annotations

from .send import SentRun, send
from .server import DEFAULT_URI, check_server, run_url, tracking_uri

__all__ = ["DEFAULT_URI", "SentRun", "check_server", "run_url", "send", "tracking_uri"]
