"""A group that may read the store of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from machine import Machine

MLFLOW = "http://127.0.0.1:15000"
ENVIRONMENT = "/etc/jupyter-utils/mlflow-server.env"
LAB = "http://127.0.0.1:18080"
OK, UNAUTHORIZED = 200, 401
STORE, BACKUPS = "/var/lib/mlflow", "/var/lib/mlflow-backup"


def reads(machine: Machine, path: str) -> bool:
    return machine.run("dd", f"if={path}", "of=/dev/null", user="hana", check=False).returncode == 0


def test_members_of_the_group_read_store_and_backups(installed: Machine) -> None:
    """Not the passwords; the services may set no group's bit on folders (RestrictSUIDSGID=), and need none."""
    installed.shell("useradd --create-home --groups mlflow hana")
    try:
        installed.python("inside.py", "load", "1")
        installed.systemctl("start", "mlflow-server-backup.service")
        for path in (f"{STORE}/mlflow.db", f"{BACKUPS}/latest/mlflow.db"):
            assert not reads(installed, path), "nobody has let her in yet"
        # Where people have accounts MLflow asks for a password, which the runs that are stored here do not have.
        installed.write(ENVIRONMENT, "MLFLOW_STORE_GROUP=mlflow\nMLFLOW_AUTH=off\n")
        installed.systemctl("restart", "mlflow-server")
        assert reads(installed, f"{STORE}/mlflow.db")
        installed.systemctl("start", "mlflow-server-backup.service")
        for path in (f"{STORE}/mlflow.db", f"{BACKUPS}/latest/mlflow.db"):
            assert reads(installed, path), path
        (run, _), *_ = installed.python("inside.py", "load", "1")
        for folder in (f"{STORE}/artifacts", f"{BACKUPS}/latest/artifacts"):
            note = installed.shell(f"find {folder} -path '*{run}*' -name note.txt")
            assert not note or reads(installed, note)
        assert not reads(installed, f"{STORE}/auth/admin-password")
        assert installed.run("touch", f"{STORE}/hers", user="hana", check=False).returncode != 0
        assert installed.shell(f"stat -c %a {STORE}") == "750"
    finally:
        installed.shell(f"rm -f {ENVIRONMENT}; userdel --remove hana")
        installed.systemctl("restart", "mlflow-server")
    assert installed.shell(f"stat -c %a {STORE}") == "700"


@pytest.mark.full
def test_accounts_of_people_mean_a_password(installed: Machine) -> None:
    """Whoever has a login there is asked for one. The lab, which runs on, finds it; also after it was changed."""
    token = installed.shell("cat /var/lib/jupyterlab/.local/state/jupyter-utils/jupyter-token")
    asked = "2.0/mlflow/experiments/get?experiment_id=0"
    began = installed.show("jupyterlab", "ActiveEnterTimestampMonotonic")
    installed.shell("useradd --create-home --shell /bin/bash hana")
    try:
        for change in ("true", f"rm {STORE}/auth/admin-password"):
            installed.shell(change)
            installed.systemctl("restart", "mlflow-server")
            assert installed.python("inside.py", "wait", f"{MLFLOW}/api/{asked}") == UNAUTHORIZED
            run, _ = installed.python("inside.py", "notebook")
            assert installed.shell(f"find {STORE}/artifacts -path '*{run}*' -name note.txt | wc -l") == "1"
            assert installed.python("inside.py", "status", f"{LAB}/mlflow/ajax-api/{asked}&token={token}") == OK
        assert installed.show("jupyterlab", "ActiveEnterTimestampMonotonic") == began
        told = "/run/jupyterlab-password.socket"
        assert installed.shell(f"stat -c %a:%U {told}") == "600:jupyterlab"
        assert installed.shell("systemctl list-units --failed --plain --no-legend 'jupyterlab*'") == ""
    finally:
        installed.shell("userdel --remove hana")
        installed.systemctl("restart", "mlflow-server")
