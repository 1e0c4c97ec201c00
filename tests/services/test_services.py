"""The services on a machine with systemd: they answer when they say so, ask who comes, and come back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from machine import Machine

LAB = "http://127.0.0.1:18080"
MLFLOW = "http://127.0.0.1:15000"
UNITS = {"jupyterlab": f"{LAB}/api", "mlflow-server": f"{MLFLOW}/health"}


def status(machine: Machine, url: str) -> int:
    return int(machine.python("inside.py", "status", url))


def test_they_answer_once_systemd_says_that_they_run(installed: Machine) -> None:
    """`systemctl start`, which installing ends with, returned when they answered: nothing is waited for here."""
    for unit, url in UNITS.items():
        assert installed.show(unit, "ActiveState") == "active"
        assert status(installed, url) == 200


def test_jupyterlab_asks_for_the_token_and_the_journal_does_not_tell_it(installed: Machine) -> None:
    """The journal says where the token is."""
    file = "/var/lib/jupyterlab/.local/state/jupyter-utils/jupyter-token"
    token = installed.shell(f"cat {file}")
    assert status(installed, f"{LAB}/api/contents") == 403
    assert status(installed, f"{LAB}/api/contents?token={token}") == 200
    journal = installed.journal("--unit=jupyterlab")
    assert file in journal
    assert token not in journal
    assert installed.shell(f"stat -c %a:%U {file}") == "600:jupyterlab"


def test_a_notebook_stores_its_run_on_the_mlflow_service(installed: Machine) -> None:
    """A kernel executes inside the sandbox, commits with Git, and the other service has the run."""
    run, commit = installed.python("inside.py", "notebook")
    assert re.fullmatch("[0-9a-f]{32}", run)
    assert re.fullmatch("[0-9a-f]{40}", commit)
    assert installed.shell("stat -c %U /var/lib/mlflow/mlflow.db") == "mlflow"
    assert installed.shell(f"find /var/lib/mlflow/artifacts -path '*{run}*' -name note.txt | wc -l") == "1"


@pytest.mark.parametrize(("unit", "limit"), [("mlflow-server", 2.0), ("jupyterlab", 3.5)])
def test_exposure(installed: Machine, unit: str, limit: float) -> None:
    """What systemd says of their hardening."""
    said = installed.run("systemd-analyze", "security", "--no-pager", unit).stdout
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert found, said
    assert float(found[1]) <= limit, said


@pytest.mark.parametrize(
    ("unit", "own", "other"),
    [
        ("jupyterlab", "/var/lib/jupyterlab", "/var/lib/mlflow"),
        ("mlflow-server", "/var/lib/mlflow", "/var/lib/jupyterlab"),
    ],
)
def test_each_sees_and_writes_only_what_is_its_own(installed: Machine, unit: str, own: str, other: str) -> None:
    """Neither the other's data nor a home nor the system; tried where the service is, as who it is."""
    enter = (
        f"nsenter --target {installed.show(unit, 'MainPID')} --mount --setuid $(id -u {installed.show(unit, 'User')})"
    )
    assert installed.shell(f"{enter} touch {own}/tried && {enter} ls {own}")
    for forbidden in (
        f"ls {other}",
        "ls /home",
        "ls /root",
        "touch /etc/tried",
        "touch /var/lib/tried",
        "touch /srv/tried",
    ):
        assert installed.run("sh", "-c", f"{enter} {forbidden}", check=False).returncode != 0, forbidden
    # As root as well: what is read-only there is so for everybody.
    enter = f"nsenter --target {installed.show(unit, 'MainPID')} --mount"
    assert "Read-only" in installed.run("sh", "-c", f"{enter} touch /etc/tried", check=False).stderr


@pytest.mark.parametrize("unit", UNITS)
def test_a_killed_service_is_back(installed: Machine, unit: str) -> None:
    """After kill -9 starts it at once, with nothing of the old one left; within seconds it is being started anew."""
    before = installed.show(unit, "MainPID")
    restarts = int(installed.show(unit, "NRestarts"))
    killed = installed.shell(f"cut -d' ' -f1 /proc/uptime; systemctl kill --signal=KILL --kill-who=main {unit}")
    # Waits for the start that is under way, if one is; else starts nothing, since it is there.
    installed.shell(f"while [ $(systemctl show --value -p NRestarts {unit}) = {restarts} ]; do sleep 0.05; done")
    installed.systemctl("start", unit)
    assert status(installed, UNITS[unit]) == 200
    assert installed.show(unit, "MainPID") != before
    began = int(installed.show(unit, "ExecMainStartTimestampMonotonic")) / 1e6
    assert began - float(killed) < 15


def test_everything_is_there_after_a_restart_of_the_machine(installed: Machine) -> None:
    """Runs, notebooks and the token; both services start by themselves."""
    token = installed.shell("cat /var/lib/jupyterlab/.local/state/jupyter-utils/jupyter-token")
    (run, _), *_ = installed.python("inside.py", "load", "2")
    installed.shell("runuser -u jupyterlab -- touch /var/lib/jupyterlab/notebooks/kept.ipynb")
    installed.restart()
    for unit, url in UNITS.items():
        installed.systemctl("start", unit)  # waits for the start that booting has begun
        assert status(installed, url) == 200
    assert installed.shell("cat /var/lib/jupyterlab/.local/state/jupyter-utils/jupyter-token") == token
    assert status(installed, f"{MLFLOW}/api/2.0/mlflow/runs/get?run_id={run}") == 200
    assert installed.shell("ls /var/lib/jupyterlab/notebooks/kept.ipynb")
