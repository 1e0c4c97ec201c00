"""The machine's own settings must not decide what a test finds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jupyter_utils.settings import Settings

if TYPE_CHECKING:
    import pytest


def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every setting out of the environment, whatever its case."""
    for name in list(os.environ):
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
