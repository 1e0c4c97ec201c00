"""Servers that tests share: each is started once, when the first test asks for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

import servers

if TYPE_CHECKING:
    from collections.abc import Iterator


# ./check tries the same examples every time, so that it says the same every time; ./check --full looks for new ones,
# and prints how to have a failing one again.
_PROPERTIES = {"database": None, "deadline": None, "suppress_health_check": list(HealthCheck)}
settings.register_profile("check", derandomize=True, max_examples=60, **_PROPERTIES)
settings.register_profile("full", max_examples=1500, print_blob=True, **_PROPERTIES)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "check"))


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Started]:
    """Run an MLflow server; its address is `mlflow_server.mlflow_url`."""
    with servers.mlflow(tmp_path_factory.mktemp("mlflow-server")) as server:
        yield server


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Started]:
    """Run a lab: JupyterLab (`lab.lab_url` holds its token) with MLflow (`lab.mlflow_url`)."""
    with servers.lab(tmp_path_factory.mktemp("lab")) as server:
        yield server
