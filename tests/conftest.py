"""Servers that tests share: each is started once, when the first test asks for it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import servers

if TYPE_CHECKING:
    from collections.abc import Iterator


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
