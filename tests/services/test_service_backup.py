"""Backups of the service's data: taken while runs are written, put back by one command, and nothing is lost."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from machine import Machine

BACKUPS = "/var/lib/mlflow-backup"


def write_file(machine: Machine, name: str, value: Any) -> str:
    machine.write(f"/tmp/{name}", json.dumps(value))
    return f"/tmp/{name}"


def test_no_acknowledged_run_is_lost_by_a_restore(installed: Machine) -> None:
    """Four writers at work while the timer's service makes a backup.

    Every run that MLflow had acknowledged when the backup began is there after it was restored, with its artifact.
    """
    runs: list[list[Any]] = installed.python("inside.py", "load", "10")
    stop = "/run/stop-writing"
    writers = threading.Thread(target=lambda: runs.extend(installed.python("inside.py", "load", stop)))
    writers.start()
    installed.shell("while [ $(ls /var/lib/mlflow/artifacts/0 | wc -l) -lt 18 ]; do sleep 0.1; done")
    began = float(installed.shell("date +%s.%N"))
    installed.systemctl("start", "mlflow-server-backup.service")
    ended = float(installed.shell("date +%s.%N"))
    installed.shell(f"sleep 1; touch {stop}")
    writers.join()
    assert any(began < when < ended for _, when in runs), "nothing was written while the backup was made"
    acknowledged = [run for run, when in runs if when < began]
    later = [run for run, when in runs if when >= began]
    assert len(acknowledged) >= 10

    installed.systemctl("start", "mlflow-server-restore@latest.service")
    installed.systemctl("start", "mlflow-server")  # waits for the start that restoring ends with
    lost = installed.python("inside.py", "missing", write_file(installed, "acknowledged", acknowledged))
    assert lost == []
    # It is the backup that is there now: not all of what came later is, but that was kept aside.
    assert installed.python("inside.py", "missing", write_file(installed, "later", later)) != []
    assert installed.shell("ls -d /var/lib/mlflow/mlflow.db.replaced-* /var/lib/mlflow/artifacts.replaced-*")
    owners = installed.shell("stat -c %U /var/lib/mlflow/mlflow.db /var/lib/mlflow/artifacts").split()
    assert owners == ["mlflow", "mlflow"]


def test_a_second_backup_takes_only_the_room_of_what_is_new(installed: Machine) -> None:
    """An artifact that did not change is the same file in both; the timer is there."""
    installed.python("inside.py", "load", "2")
    installed.systemctl("start", "mlflow-server-backup.service")
    first = installed.shell(f"readlink {BACKUPS}/latest")
    installed.systemctl("start", "mlflow-server-backup.service")
    second = installed.shell(f"readlink {BACKUPS}/latest")
    assert first != second
    shared = installed.shell(f"find {BACKUPS}/{second}/artifacts -type f -links +1 | wc -l")
    assert int(shared) == int(installed.shell(f"find {BACKUPS}/{second}/artifacts -type f | wc -l")) > 0
    assert installed.shell(f"stat -c %a:%U {BACKUPS}/{second}") == "700:mlflow"
    assert "mlflow-server-backup.timer" in installed.systemctl("list-timers", "--all", "--no-pager")


@pytest.mark.full  # two starts of the server
def test_a_restore_that_fails_changes_nothing_and_the_server_is_back(installed: Machine) -> None:
    """A backup that is not there: the journal names those that are."""
    installed.systemctl("start", "mlflow-server-restore@nonsense.service", check=False)
    journal = installed.journal("--unit=mlflow-server-restore@nonsense")
    assert f"{BACKUPS}/nonsense is no backup" in journal
    assert "There: mlflow-2" in journal
    installed.systemctl("start", "mlflow-server")
    assert installed.python("inside.py", "status", "http://127.0.0.1:15000/health") == 200


@pytest.mark.full  # imports MLflow once more, and seldom touched
def test_deleted_runs_are_removed_for_good(installed: Machine) -> None:
    """`mlflow gc`, as its timer starts it, takes the artifacts as well; what is not deleted stays."""
    (gone, _), (kept, _), *_ = installed.python("inside.py", "load", "4")
    installed.python("inside.py", "delete", gone)
    program = installed.shell(
        "sed -n 's/^ExecStart=\\([^ ]*\\) gc.*/\\1/p' /etc/systemd/system/mlflow-server-gc.service"
    )
    now = f"[Service]\nExecStart=\nExecStart={program} gc --older-than 0s\n"
    installed.write("/etc/systemd/system/mlflow-server-gc.service.d/now.conf", now)
    installed.systemctl("daemon-reload")
    installed.systemctl("start", "mlflow-server-gc.service")
    folders = installed.shell("ls /var/lib/mlflow/artifacts/0").split()
    assert kept in folders
    assert installed.shell(f"find /var/lib/mlflow/artifacts/0/{gone} -type f 2>/dev/null | wc -l") == "0"
    assert (
        installed.python("inside.py", "status", f"http://127.0.0.1:15000/api/2.0/mlflow/runs/get?run_id={gone}") == 404
    )
