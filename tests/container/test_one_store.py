"""Two containers that mount the same folder of MLflow's data: there is one server, and nobody works below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import containers
import pytest
from docker_engine import docker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER = ("--env=CONTAINER_UID=4321", "--env=CONTAINER_GID=4321")
SERVED = "An MLflow server runs on the store in /opt/mlflow"


@pytest.fixture
def mounts(tmp_path: Path) -> tuple[str, ...]:
    """Name the folders that all containers of a test have."""
    return (*USER, f"--volume={tmp_path}/store:/opt/mlflow", f"--volume={tmp_path}/backups:/backups")


@pytest.fixture
def first(mounts: tuple[str, ...], tmp_path: Path) -> Iterator[str]:
    """Run a container with MLflow on the folder; its name."""
    for name in ("store", "backups"):
        (tmp_path / name).mkdir()
    (tmp_path / "backups").chmod(0o777)
    with containers.container(containers.MLFLOW, options=mounts) as name:
        containers.wait_healthy(name)
        yield name


def said(done: object) -> str:
    return f"{getattr(done, 'stdout', '')}{getattr(done, 'stderr', '')}"


def test_one_server_and_no_restore_below_it(first: str, mounts: tuple[str, ...]) -> None:
    """A second server and a restore say who serves; a backup is made; once the first has ended, both can be had."""
    host = containers.inspect(first, "{{.Config.Hostname}}")
    second = containers.run(containers.MLFLOW, options=mounts, check=False)
    assert second.returncode == 1
    assert SERVED in said(second)
    assert f"on {host}" in said(second)

    made = containers.run(containers.MLFLOW, "jupyter-utils", "backup", "/backups", options=mounts)
    assert "0 runs" in said(made)
    restore = ("jupyter-utils", "restore", "/backups")
    refused = containers.run(containers.MLFLOW, *restore, options=mounts, check=False)
    assert refused.returncode == 1
    assert SERVED in said(refused)
    assert f"on {host}" in said(refused)

    docker("kill", first)  # however it ends, the kernel lets go of its lock
    done = containers.run(containers.MLFLOW, *restore, options=mounts)
    assert "Restored" in said(done)
    with containers.container(containers.MLFLOW, options=mounts) as third:
        containers.wait_healthy(third)


def test_a_lab_in_a_second_container(first: str, mounts: tuple[str, ...]) -> None:
    """It uses the first one's MLflow where it can reach it, and else says why it cannot."""
    alone = containers.run(containers.LAB, options=mounts, check=False)
    assert alone.returncode == 1
    assert SERVED in said(alone)
    assert "This lab cannot: that is another machine's or container's." in said(alone)
    beside = (*mounts, f"--network=container:{first}", "--env=LISTEN_ADDRESS=127.0.0.1")
    with containers.container(containers.LAB, options=beside) as lab:
        containers.wait_healthy(lab)
        assert "MLflow runs on /opt/mlflow already, at http://127.0.0.1:15000" in containers.logs(lab)
