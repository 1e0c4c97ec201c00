"""Tests of the Nix side drive the machine's own Nix, as ./quickstart leaves it."""

from __future__ import annotations

import shutil
import sys

import pytest
from commands import ROOT

# The fetch step, which the tests call part by part.
sys.path.insert(0, str(ROOT / "nix" / "debian"))


@pytest.fixture(scope="session", autouse=True)
def _nix() -> None:
    if shutil.which("nix") is None:
        pytest.skip("no nix on the path; ./check puts it there")
