"""Services of one user, further labs, and removal: what an administrator does after the first day."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from machine import Machine, install, machine

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.full  # a machine of its own, with three labs one after the other


@pytest.fixture(scope="module")
def empty() -> Iterator[Machine]:
    """Run a machine with the users taro and hanako and no service."""
    with machine() as running:
        running.shell("useradd --create-home taro && useradd --create-home hanako")
        yield running


def test_a_users_own_services(empty: Machine, units: str) -> None:
    """No root: one unit runs JupyterLab and MLflow in the user's folders, its timer backs up, removal leaves data."""
    empty.shell("loginctl enable-linger taro")
    uid = empty.shell("id -u taro")
    empty.shell(f"while ! [ -S /run/user/{uid}/systemd/private ]; do sleep 0.2; done")
    env = {"XDG_RUNTIME_DIR": f"/run/user/{uid}", "HOME": "/home/taro"}
    done = empty.run(f"{units}/bin/units", "--install", "--user", "--yes", user="taro", check=False, **env)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{empty.journal()}"
    assert empty.python("inside.py", "status", "http://127.0.0.1:18080/api") == 200
    assert empty.python("inside.py", "status", "http://127.0.0.1:15000/health") == 200
    backup = ("systemctl", "--user", "start", "jupyterlab-backup")
    empty.run(*backup, user="taro", **env)
    assert empty.shell("stat -c %U /home/taro/.local/share/jupyter-utils/backups/latest/mlflow.db") == "taro"

    gone = empty.run(f"{units}/bin/units", "--uninstall", "--user", "--yes", user="taro", **env)
    assert "~/.local/share/jupyter-utils" in gone.stdout
    assert empty.shell("find /home/taro/.config/systemd/user -type f") == ""
    assert empty.shell("ls /home/taro/.local/share/jupyter-utils/mlflow/mlflow.db")
    assert empty.processes() == []


def test_further_labs_and_a_password(empty: Machine, units: str) -> None:
    """MLflow opened to other machines asks for a password, which both labs have; each is its user's."""
    empty.write("/etc/jupyter-utils/mlflow-server.env", "LISTEN_ADDRESS=0.0.0.0\n")
    install(empty, units)
    url = "http://127.0.0.1:15000/api/2.0/mlflow/experiments/get?experiment_id=0"
    assert empty.python("inside.py", "status", url) == 401
    run, _ = empty.python("inside.py", "notebook")
    assert re.fullmatch("[0-9a-f]{32}", run)
    told = "import socket; s = socket.socket(socket.AF_UNIX); s.connect('/run/jupyterlab-password.socket'); "
    told += "print(s.makefile().read())"
    said = empty.run(str(Path(sys.executable).resolve()), "-c", told, user="jupyterlab").stdout.split()
    assert said == [empty.shell("cat /var/lib/mlflow/auth/admin-password"), "http://127.0.0.1:15000"]

    empty.write("/etc/jupyter-utils/jupyterlab@hanako.env", "JUPYTER_PORT=18081\n")
    empty.systemctl("enable", "--now", "jupyterlab@hanako")
    assert empty.python("inside.py", "status", "http://127.0.0.1:18081/api") == 200
    assert empty.shell("stat -c %U:%a /var/lib/jupyterlab-hanako") == "hanako:700"


def test_what_the_page_of_several_people_says(empty: Machine) -> None:
    """A password in a credential, a proxy's name, a user of MLflow of one's own, and `doctor` of that lab."""
    drop_in = "/etc/systemd/system/jupyterlab@hanako.service.d/override.conf"
    empty.shell("install -m 600 /dev/null /etc/jupyter-utils/hanako.password")
    empty.write("/etc/jupyter-utils/hanako.password", "correct horse battery\n")
    empty.write(drop_in, "[Service]\nLoadCredential=JUPYTER_PASSWORD_FILE:/etc/jupyter-utils/hanako.password\n")
    empty.shell("echo JUPYTER_ALLOWED_HOSTS=hanako.example.org >>/etc/jupyter-utils/jupyterlab@hanako.env")
    token = empty.shell("cat /var/lib/jupyterlab-hanako/.local/state/jupyter-utils/jupyter-token")
    lab = "http://127.0.0.1:18081"
    assert empty.python("inside.py", "status", f"{lab}/api/contents", "hanako.example.org", token) == 403
    empty.systemctl("daemon-reload")
    empty.systemctl("restart", "jupyterlab@hanako")
    assert empty.python("inside.py", "status", f"{lab}/login", "hanako.example.org") == 200
    assert empty.python("inside.py", "status", f"{lab}/login", "other.example.org") == 403

    password = empty.shell("cat /var/lib/mlflow/auth/admin-password")
    ask = (
        f"import requests; print(requests.post('http://127.0.0.1:15000/api/2.0/mlflow/users/create', "
        f"json={{'username': 'hanako', 'password': 'x' * 12}}, auth=('admin', '{password}')).status_code)"
    )
    assert empty.run(str(Path(sys.executable).resolve()), "-c", ask).stdout.strip() == "200"

    program = empty.shell("sed -n 's/^ExecStart=\\([^ ]*\\) .*/\\1/p' /etc/systemd/system/jupyterlab@.service")
    words = ("env", "HOME=/var/lib/jupyterlab-hanako", program, "doctor")
    assert ":18081" in empty.run(*words, user="hanako", check=False).stdout


def test_a_port_that_is_taken_is_said(empty: Machine) -> None:
    """A second lab without a port of its own: the journal has the setting and the remedy."""
    empty.systemctl("start", "jupyterlab@taro", check=False)
    empty.shell("while [ $(systemctl show --value -p ActiveState jupyterlab@taro) = activating ]; do sleep 0.2; done")
    journal = empty.journal("--unit=jupyterlab@taro")
    assert "Port 18080 on 127.0.0.1 is taken by" in journal
    assert "JUPYTER_PORT=18081" in journal


def test_removal_leaves_the_data_and_nothing_else(empty: Machine, units: str) -> None:
    """Every unit is stopped and gone, instances too; installing again finds the data."""
    gone = empty.run(f"{units}/bin/units", "--uninstall", "--yes")
    assert "Your data stays: /var/lib/jupyterlab, /var/lib/mlflow, /var/lib/mlflow-backup" in gone.stdout
    assert empty.shell("grep -rl 'jupyter-utils units' /etc || true") == ""
    assert empty.shell("find /etc/systemd/system -name 'jupyterlab@*.service'") == ""
    assert empty.systemctl("list-units", "--all", "--plain", "--no-legend", "jupyterlab*", "mlflow*") == ""
    assert empty.processes() == []
    assert empty.shell("ls /var/lib/mlflow/mlflow.db /var/lib/jupyterlab/notebooks")
    again = empty.run(f"{units}/bin/units", "--uninstall", "--yes")
    assert "Nothing is installed" in again.stdout
