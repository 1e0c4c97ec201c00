"""The page of the JupyterLab service, in the browser of another machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from docker_engine import docker
from lab_page import LabPage

sys.path.insert(0, str(Path(__file__).parents[1] / "services"))

from machine import Machine, build_units, install, machine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

pytestmark = pytest.mark.full  # a machine and a browser
PASSWORD = "himitsu-no-kotoba"
PREPARE = """import subprocess
for command in ("git init -q .", "git config user.name Taro", "git config user.email taro@example.org"):
    subprocess.run(command.split(), check=True)"""
SAVE = """import jupyter_utils
saved = jupyter_utils.save_mlflow("browser", params={"lr": 0.1})
print("Saved:", saved.run_id, saved.commit)"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Run a machine whose JupyterLab is reached from outside, with a password that comes as a credential."""
    units = build_units(tmp_path_factory.mktemp("units"))
    with machine("--publish=127.0.0.1::18080") as running:
        running.write("/etc/jupyter-utils/jupyterlab.env", "LISTEN_ADDRESS=0.0.0.0\n")
        running.write("/root/password", PASSWORD)
        drop_in = "[Service]\nLoadCredential=JUPYTER_PASSWORD_FILE:/root/password\n"
        running.write("/etc/systemd/system/jupyterlab.service.d/password.conf", drop_in)
        install(running, units)
        yield running


def test_a_first_day_with_the_service(opened: Machine, page: Page) -> None:
    """Log in with the password, write a notebook, run a cell that commits it and stores a run."""
    address = docker("port", opened.name, "18080").stdout.split()[0]
    lab = LabPage(page)
    page.goto(f"http://{address}/lab")
    page.locator("input[type=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator(".jp-LauncherCard").first.wait_for()
    lab.new_notebook("first.ipynb")
    lab.run_cell(PREPARE)
    run, commit = lab.run_cell(SAVE).inner_text().rpartition("Saved:")[2].split()[:2]
    found = f"http://127.0.0.1:15000/api/2.0/mlflow/runs/get?run_id={run}"
    assert opened.python("inside.py", "status", found) == 200
    log = opened.shell("runuser -u jupyterlab -- cat /var/lib/jupyterlab/notebooks/.git/logs/HEAD")
    assert commit in log
