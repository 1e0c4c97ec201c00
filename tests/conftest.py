"""Servers that tests share: each is started once, when the first test asks for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import jupyter_utils
import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent / "support"))

import containers
import servers
from commands import built
from docker_engine import ensure_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

# Else every save in the tests' own process would keep all test modules. `recording` has it on for those that try it.
os.environ["JUPYTER_UTILS_RECORD_CODE"] = "off"
# Else what one test draws would be a warning of the next one's run.
jupyter_utils.fix_seeds(0)

# Else every save in the tests' own process would tell what the tests before it read. Those that try it have it on.
os.environ["JUPYTER_UTILS_RECORD_INPUTS"] = "off"

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


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Build both images and load them into Docker's engine; minutes the first time, else seconds."""
    missing = [f"no {name} on the path" for name in ("nix", "docker-compose") if shutil.which(name) is None]
    for reason in (*missing, ensure_engine()):
        if reason:
            pytest.skip(f"no containers here: {reason}")
    subprocess.run([built("load", tmp_path_factory.mktemp("images") / "load") / "bin" / "load"], check=True)


@pytest.fixture(scope="session")
def own_stack(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[containers.Stack]:  # noqa: ARG001
    """Run the compose project for the user who runs the tests, as the page has it."""
    with containers.stack(tmp_path_factory.mktemp("compose"), **containers.own_user()) as made:
        yield made


@pytest.fixture(scope="session", autouse=True)
def _spool_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give what is shared by tests a spool, too: the user's own remembers stores of ports that come again."""
    yield from _shared_spool(tmp_path_factory)


@pytest.fixture(scope="module", autouse=True)
def _spool_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """And another to each module."""
    yield from _shared_spool(tmp_path_factory)


def _shared_spool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_UTILS_SPOOL_DIR", str(tmp_path_factory.mktemp("spool")))
        yield


@pytest.fixture(autouse=True)
def own_spool_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test a spool of its own: what waits must not be the business of another, nor of the user's."""
    monkeypatch.setenv("JUPYTER_UTILS_SPOOL_DIR", str(tmp_path / "spool"))
    return tmp_path / "spool"


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have runs keep their code and the order of their cells, as they do for users."""
    monkeypatch.delenv("JUPYTER_UTILS_RECORD_CODE")
