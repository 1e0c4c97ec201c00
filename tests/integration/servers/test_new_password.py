"""A password on MLflow's port that a lab was not started with: asked for since, changed since, and lost."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import kernels
import pytest
import requests
import servers
from asking import telling
from calling import write_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers import Started

SEARCH = "ajax-api/2.0/mlflow/experiments/search"
SAVE = """
import jupyter_utils
r = jupyter_utils.save_mlflow('kept', do_commit=False, metrics={'f1': 1})
print('stored', r.is_stored, r)
"""
COUNT = "from mlflow import MlflowClient; print(len(MlflowClient().search_runs([FIRST])))"


@contextlib.contextmanager
def mlflow(folder: Path, port: int, auth: str) -> Iterator[str]:
    """Run MLflow on the same store and port as before; the password that it asks for."""
    with servers.mlflow(folder, MLFLOW_PORT=str(port), MLFLOW_AUTH=auth) as server:
        file = server.store_dir / "auth" / "admin-password"
        yield file.read_text().strip() if auth == "on" else ""


def through_the_door(lab: Started) -> requests.Response:
    """Ask as MLflow's page does, with a body."""
    headers = {"Authorization": f"token {lab.token}", "Sec-Fetch-Mode": "cors"}
    address = f"{lab.jupyter_url}/mlflow/{SEARCH}"
    return requests.post(address, json={"max_results": 10}, headers=headers, timeout=60, proxies={"http": ""})


@pytest.mark.full
def test_a_lab_that_runs_on_finds_it(tmp_path: Path) -> None:
    """A kernel that was there before saves, MLflow's own calls work from then on; what is refused is sent later."""
    port, words, told = servers.free_port(), {"password": ""}, tmp_path / "s"
    settings = {
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}",
        "MLFLOW_TRACKING_PASSWORD_FILE": str(told),
        "JUPYTER_UTILS_SAVE_SECONDS": "0.2",
    }
    with telling(told, words), contextlib.ExitStack() as stack:
        with mlflow(tmp_path / "mlflow", port, "off"):
            lab = stack.enter_context(servers.lab(tmp_path / "lab", **settings))
            write_notebook(lab.root_dir / "nb.ipynb", "1")
            kernel = stack.enter_context(kernels.kernel(lab, "nb.ipynb"))
            assert "stored True" in kernel.run(SAVE)
            assert through_the_door(lab).status_code == 200
        kernel.run("FIRST = r.experiment_id")
        with mlflow(tmp_path / "mlflow", port, "on") as words["password"]:
            assert "stored True" in kernel.run(SAVE)
            assert kernel.run(COUNT).strip() == "2"
            assert through_the_door(lab).json()["experiments"]
        (tmp_path / "mlflow" / "mlflow" / "auth" / "admin-password").unlink()
        with mlflow(tmp_path / "mlflow", port, "on") as password:
            shown = kernel.run(SAVE)
            assert "stored False" in shown
            assert f"the password in {told} is not the one that MLflow has for admin" in shown
            refused = through_the_door(lab)
            assert refused.status_code == 502
            assert str(told) in refused.json()["message"]
            words["password"] = password
            assert "stored True" in kernel.run(SAVE)
            assert kernel.run(COUNT).strip() == "4"
            assert through_the_door(lab).json()["experiments"]
