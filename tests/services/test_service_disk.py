"""A store on a disk that fills up: the service stays, says so, and works on when there is room again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from machine import Machine, install, machine

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.full  # a machine of its own
HEALTH = "http://127.0.0.1:15000/health"
BALLAST = "/var/lib/mlflow/ballast"


@pytest.fixture(scope="module")
def small(units: str) -> Iterator[Machine]:
    """Run a machine whose MLflow has 48 MiB."""
    with machine("--tmpfs=/var/lib/mlflow:size=48m,mode=0700") as running:
        install(running, units)
        yield running


def fill(small: Machine) -> None:
    small.shell(f"dd if=/dev/zero of={BALLAST} bs=4k 2>/dev/null; true")
    assert int(small.shell("df --output=avail /var/lib/mlflow | tail -1")) < 8


def test_a_running_service_outlives_a_full_disk(small: Machine) -> None:
    """It refuses what it cannot keep, loses nothing that it acknowledged, and needs no restart afterwards."""
    kept = [run for run, _ in small.python("inside.py", "load", "6")]
    pid = small.show("mlflow-server", "MainPID")
    fill(small)
    during = [run for run, _ in small.python("inside.py", "load", "20")]
    assert small.python("inside.py", "status", HEALTH) == 200
    small.shell(f"rm {BALLAST}")
    after = [run for run, _ in small.python("inside.py", "load", "6")]
    assert after
    small.write("/root/runs", str([*kept, *during, *after]).replace("'", '"'))
    assert small.python("inside.py", "missing", "/root/runs") == []
    assert small.show("mlflow-server", "MainPID") == pid


def test_a_backup_of_a_store_on_a_full_disk_is_made_elsewhere(small: Machine) -> None:
    """Reading needs no room in the store."""
    fill(small)
    small.systemctl("start", "mlflow-server-backup")
    assert small.shell("ls /var/lib/mlflow-backup/latest/mlflow.db")
    small.shell(f"rm {BALLAST}")


def test_a_new_store_is_not_begun_on_a_full_disk_and_the_journal_says_why(small: Machine) -> None:
    """After a few tries the service stays down, with the setting and what is needed; then it starts by one command."""
    small.systemctl("stop", "mlflow-server")
    small.shell("rm -r /var/lib/mlflow/mlflow.db /var/lib/mlflow/artifacts")
    fill(small)
    small.systemctl("start", "mlflow-server", check=False)
    small.shell("while [ $(systemctl show --value -p ActiveState mlflow-server) = activating ]; do sleep 0.2; done")
    assert small.show("mlflow-server", "ActiveState") == "failed"
    assert "MLFLOW_STORE_DIR=/var/lib/mlflow lies on a disk with" in small.journal("--unit=mlflow-server")
    small.shell(f"rm {BALLAST}; systemctl reset-failed mlflow-server")
    small.systemctl("start", "mlflow-server")
    assert small.python("inside.py", "status", HEALTH) == 200
