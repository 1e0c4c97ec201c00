"""Where a run lies: in MLflow or in the spool, and how it is found by its id, its first digits, or its page."""

from __future__ import annotations

from .finding import find_source
from .naming import named_run
from .source import Described, Source
from .stored import StoredRun
from .waiting import WaitingRun

__all__ = ["Described", "Source", "StoredRun", "WaitingRun", "find_source", "named_run"]
