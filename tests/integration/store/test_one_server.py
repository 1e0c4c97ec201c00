"""A store with its real server: nobody swaps it from under that, and a second lab uses the first one's MLflow."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import kernels
import servers
from jupyter_utils.machine.readiness import answers
from mlflow import MlflowClient

if TYPE_CHECKING:
    from pathlib import Path

    import psutil


def mlflow_process(server: servers.Started) -> psutil.Process:
    return next(
        one for one in servers.processes(server) if any("mlflow_app" in part for part in servers.command_of(one))
    )


def test_a_restore_looks_at_the_store_and_not_at_a_port(tmp_path: Path) -> None:
    """Refused with another MLFLOW_PORT as well, and while a killed MLflow is only about to be started again."""
    with servers.lab(tmp_path) as server:
        client = MlflowClient(server.mlflow_url)
        run = client.create_run("0").info.run_id
        assert servers.run(["backup", str(tmp_path / "backups")], server.env, tmp_path).returncode == 0
        other = server.env | {"MLFLOW_PORT": str(servers.free_port()), "XDG_STATE_HOME": str(tmp_path / "other")}
        for wanted in ("restore", "import-file-store"):
            words = [wanted, *([str(tmp_path / "backups")] if wanted == "restore" else [])]
            done = servers.run(words, other, tmp_path)
            assert done.returncode == 1
            assert "Error: " in done.stderr
        mlflow_process(server).kill()
        done = servers.run(["restore", str(tmp_path / "backups")], other, tmp_path)
        assert done.returncode == 1
        assert f"An MLflow server runs on the store in {server.store_dir} (at {server.mlflow_url}" in done.stderr
        assert not list(server.store_dir.glob("*.replaced-*"))
        server.stop()
    done = servers.run(["restore", str(tmp_path / "backups")], server.env, tmp_path)
    assert done.returncode == 0, done.stderr
    with servers.mlflow(tmp_path, MLFLOW_PORT=server.env["MLFLOW_PORT"]):
        assert MlflowClient(server.mlflow_url).get_run(run).info.run_id == run


def test_a_second_lab_on_the_store_uses_the_first_ones_mlflow(tmp_path: Path) -> None:
    """Its notebooks reach it by themselves, with its password; a second `jupyter-utils mlflow` says why it cannot."""
    with servers.lab(tmp_path, MLFLOW_AUTH="on") as first:
        second = first.env | {"JUPYTER_PORT": str(servers.free_port()), "MLFLOW_PORT": str(servers.free_port())}
        second["JUPYTER_ROOT_DIR"] = str(tmp_path / "second")
        refused = servers.run(["mlflow"], second, tmp_path)
        assert refused.returncode == 1
        assert f"An MLflow server runs on the store in {first.store_dir} (at {first.mlflow_url}" in refused.stderr
        own = {name: second[name] for name in ("JUPYTER_PORT", "MLFLOW_PORT", "JUPYTER_ROOT_DIR", "MLFLOW_STORE_DIR")}
        (tmp_path / "beside").mkdir()
        with servers.started("lab", tmp_path / "beside", HOME=first.env["HOME"], **own) as lab:
            servers.wait_ready(lab, f"{lab.jupyter_url}/api")
            assert f"MLflow runs on {first.store_dir} already, at {first.mlflow_url}" in lab.output
            assert not answers(f"http://127.0.0.1:{own['MLFLOW_PORT']}/health")
            with kernels.kernel(lab) as kernel:
                code = "import mlflow; print(mlflow.MlflowClient().create_run('0').info.run_id)"
                run = kernel.run(code).strip()
            assert lab.stop() == 0
        code = f"import mlflow; print(mlflow.MlflowClient('{first.mlflow_url}').get_run('{run}').info.status)"
        login = {
            "MLFLOW_TRACKING_USERNAME": "admin",
            "MLFLOW_TRACKING_PASSWORD": (first.store_dir / "auth" / "admin-password").read_text().strip(),
        }
        done = subprocess.run(
            [sys.executable, "-c", code], env=first.env | login, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "RUNNING"


def test_a_server_completes_an_interrupted_restore(tmp_path: Path) -> None:
    """The database had gone aside and the new one had not got its place: not an empty store, but the backup's."""
    with servers.mlflow(tmp_path) as server:
        run = MlflowClient(server.mlflow_url).create_run("0").info.run_id
        assert servers.run(["backup", str(tmp_path / "backups")], server.env, tmp_path).returncode == 0
        server.stop()
    killed = (
        "import os, pathlib, sys; rename = pathlib.Path.rename; done = []\n"
        "def once(self, target):\n"
        "    if 'mlflow.db' in self.name and done: os._exit(137)\n"
        "    done.append(self); return rename(self, target)\n"
        "pathlib.Path.rename = once\n"
        "from jupyter_utils.settings import read_settings\n"
        "from jupyter_utils.store.restore import restore\n"
        "restore(read_settings(), pathlib.Path(sys.argv[1]))\n"
    )
    argv = [sys.executable, "-c", killed, str(tmp_path / "backups")]
    assert subprocess.run(argv, env=server.env, cwd=tmp_path, check=False).returncode == 137
    assert not (server.store_dir / "mlflow.db").exists()
    with servers.mlflow(tmp_path, MLFLOW_PORT=server.env["MLFLOW_PORT"]) as again:
        assert "a restore in" in again.output
        assert "was interrupted; it is completed now" in again.output
        assert MlflowClient(server.mlflow_url).get_run(run).info.run_id == run
