"""A unit's lab that is pointed at an MLflow elsewhere: nothing of this machine's password goes there, by any way."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import kernels
import pytest
import requests
import servers
from asking import telling
from calling import write_notebook
from listening import everything, listener, plain

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.full  # three servers
LOCAL = "local-admin-password"
SAVE = """
import os, jupyter_utils, mlflow
r = jupyter_utils.save_mlflow('kept', do_commit=False, metrics={'f1': 1})
print('stored', r.is_stored, os.environ.get('MLFLOW_TRACKING_PASSWORD'), r)
"""
PLAIN = "import mlflow; mlflow.set_experiment('plain'); mlflow.log_metric('a', 1); mlflow.end_run()"
IN_A_TERMINAL = """
import subprocess
print(subprocess.run(['jupyter-utils', 'sync'], capture_output=True, text=True))
print(subprocess.run(['jupyter-utils', 'doctor'], capture_output=True, text=True))
"""


def test_the_password_stays_here(tmp_path: Path) -> None:
    """By notebooks, MLflow's own functions, commands and the door; what is set for that server works."""
    told = tmp_path / "s"
    words = {"password": LOCAL, "address": "http://127.0.0.1:15000"}
    with contextlib.ExitStack() as stack:
        stack.enter_context(telling(told, words))
        away = stack.enter_context(servers.mlflow(tmp_path / "mlflow", MLFLOW_AUTH="on"))
        theirs = (away.store_dir / "auth" / "admin-password").read_text().strip()
        other = stack.enter_context(listener(plain(int(away.mlflow_url.rpartition(":")[2]))))
        settings = {
            "MLFLOW_TRACKING_URI": other.url,
            "MLFLOW_TRACKING_PASSWORD_FILE": str(told),
            "JUPYTER_UTILS_SAVE_SECONDS": "0.2",
        }
        with servers.lab(tmp_path / "lab", **settings) as lab:
            write_notebook(lab.root_dir / "nb.ipynb", "1")
            with kernels.kernel(lab, "nb.ipynb") as kernel:
                shown = kernel.run(SAVE)
                assert "stored False None" in shown
                assert "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD" in shown
                kernel.run(f"try:\n    {PLAIN}\nexcept Exception as error: print(error)")
                kernel.run(IN_A_TERMINAL)
            headers = {"Authorization": f"token {lab.token}"}
            requests.get(f"{lab.jupyter_url}/mlflow/", headers=headers, timeout=60, proxies={"http": ""})
        assert other.told
        assert other.logins == set()
        settings |= {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": theirs}
        with servers.lab(tmp_path / "lab", **settings) as lab, kernels.kernel(lab, "nb.ipynb") as kernel:
            assert f"stored True {theirs}" in kernel.run(SAVE)
            assert "View run" in kernel.run(PLAIN)
        assert len(other.logins) == 1


def test_another_server_that_a_notebook_names_gets_none(tmp_path: Path) -> None:
    """Of a lab that has the password of the MLflow beside it: by argument, variable, and MLflow's own functions."""
    told = tmp_path / "s"
    with contextlib.ExitStack() as stack:
        here = stack.enter_context(servers.mlflow(tmp_path / "mlflow", MLFLOW_AUTH="on"))
        password = (here.store_dir / "auth" / "admin-password").read_text().strip()
        stack.enter_context(telling(told, {"password": password, "address": here.mlflow_url}))
        other = stack.enter_context(listener(everything))
        settings = {"MLFLOW_TRACKING_URI": here.mlflow_url, "MLFLOW_TRACKING_PASSWORD_FILE": str(told)}
        lab = stack.enter_context(servers.lab(tmp_path / "lab", JUPYTER_UTILS_SAVE_SECONDS="0.2", **settings))
        write_notebook(lab.root_dir / "nb.ipynb", "1")
        kernel = stack.enter_context(kernels.kernel(lab, "nb.ipynb"))
        assert f"stored True {password}" in kernel.run(SAVE)
        for change in (f"mlf_uri={other.url!r}", f"os.environ['MLFLOW_TRACKING_URI'] = {other.url!r}"):
            call = SAVE.replace("metrics=", f"{change}, metrics=") if "mlf_uri" in change else f"{change}\n{SAVE}"
            kernel.run(f"try:\n    {call.strip().replace(chr(10), chr(10) + '    ')}\nexcept Exception as e: print(e)")
            kernel.run(IN_A_TERMINAL)
        assert other.seen
        assert other.logins == set()
        kernel.run(f"mlflow.set_tracking_uri({other.url!r})")
        kernel.run(f"try:\n    {PLAIN}\nexcept Exception as error: print(error)")
        assert other.told
        assert other.logins == set()
