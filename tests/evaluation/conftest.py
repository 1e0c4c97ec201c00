"""Tests of the Nix side drive the machine's own Nix, as ./quickstart leaves it."""

from __future__ import annotations

import os
import shutil
import sys
import uuid

import pytest
from commands import ROOT

# The fetch step, which the tests call part by part.
sys.path.insert(0, str(ROOT / "nix" / "debian"))


@pytest.fixture(scope="session", autouse=True)
def _nix() -> None:
    if shutil.which("nix") is None:
        pytest.skip("no nix on the path; ./check puts it there")


@pytest.fixture
def mark() -> str:
    """Return a word by which the processes of one test are known."""
    return f"TEST_{uuid.uuid4().hex}"


@pytest.fixture
def env(mark: str) -> dict[str, str]:
    """Return an environment that bears the mark."""
    return {**os.environ, "MARK": mark}
