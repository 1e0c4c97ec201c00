"""What the tests of the spool share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jupyter_utils.tracking import retry

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Wait for less between attempts, and for answers: what is tested is what happens, not how long it takes."""
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(retry, "LONGEST_WAIT", 0.02)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
