"""The image where something else starts it: JupyterHub and Kubeflow."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import containers
import docker_engine
import hub
import kernels
import pytest
import requests
import servers
from jupyter_utils.machine.readiness import answers

if TYPE_CHECKING:
    from pathlib import Path

DIRECT = {"http": "", "https": ""}
# As DockerSpawner does it: the image's own entry with the hub's command, and the variables that the hub has set.
SPAWN = """
import os, sys
variables = [name for name in os.environ if name.startswith(("JUPYTERHUB_", "MLFLOW_", "CONTAINER_", "JUPYTER_UTILS"))]
given = [word for name in variables for word in ("--env", name)]
mounts = ["--volume", os.environ["TEST_FOLDER"] + ":/home/jovyan"]
words = ["docker", "run", "--rm", "--network", "host", *given, *mounts, os.environ["TEST_IMAGE"]]
os.execvp("docker", [*words, "jupyterhub-singleuser", *sys.argv[1:]])
"""
SAVE = "import jupyter_utils; r = jupyter_utils.save_mlflow('hub', do_commit=False); print(r.run_id, r.notebook)"


def test_under_a_hub(tmp_path: Path, mlflow_server: servers.Started) -> None:
    """A real hub starts the image: its user gets in, saves a run, and nobody else does."""
    pytest.importorskip("jupyterhub", reason="JupyterHub is not installed")
    pytest.importorskip("configurable_http_proxy", reason="a hub's proxy is not installed")
    folder = tmp_path / "of the user"
    folder.mkdir()
    environment = {
        "TEST_FOLDER": str(folder),
        "TEST_IMAGE": containers.LAB,
        "MLFLOW_TRACKING_URI": mlflow_server.mlflow_url,
        "JUPYTER_UTILS_SAVE_SECONDS": "0.2",
        **containers.own_user(),
        **docker_engine.address(),
    }
    with hub.hub(tmp_path / "hub", command=[sys.executable, "-c", SPAWN], **environment) as server:
        refused = requests.get(f"{server.jupyter_url}/api/contents", proxies=DIRECT, timeout=30)
        assert refused.status_code == 403
        kernels.api(server, "PUT", "api/contents/a.ipynb", {"type": "notebook", "content": containers.notebook(SAVE)})
        with kernels.kernel(server, "a.ipynb") as kernel:
            run_id, notebook = kernel.run(SAVE).split()
    assert (len(run_id), notebook) == (32, "/home/jovyan/a.ipynb"), "notebooks must lie on the volume"
    assert (folder / "a.py").exists(), "Jupytext wrote no script beside the notebook"


@pytest.mark.parametrize(("auth", "gets_in"), [("gateway", True), ("", False)])
def test_in_kubeflow(tmp_path: Path, auth: str, *, gets_in: bool) -> None:
    """NB_PREFIX, port 8888, an empty volume as home, another group; without a token only when asked for by name."""
    home = tmp_path / "volume"
    home.mkdir(mode=0o775)
    home.chmod(0o777)
    port = servers.free_port()
    options = (
        *("--env", "NB_PREFIX=/notebook/team/a", "--env", f"JUPYTER_AUTH={auth}", "--env", "MLFLOW_AUTH=off"),
        *("--user", "1000:100", "--volume", f"{home}:/home/jovyan", "--publish", f"127.0.0.1:{port}:8888"),
    )
    with containers.container(containers.LAB, options=options) as name:
        containers.wait_healthy(name)
        base = f"http://127.0.0.1:{port}/notebook/team/a"
        assert answers(f"{base}/api", 10)
        page = requests.get(f"{base}/lab", proxies=DIRECT, timeout=30, headers={"Host": "kubeflow.example.org"})
        assert ("login" not in page.url) is gets_in
        assert page.ok
        assert "notebooks   /home/jovyan" in containers.logs(name), "notebooks must lie on the volume"
    assert list(home.iterdir()), "nothing was written into the home folder"
