"""Under a real JupyterHub: hub, proxy, and a single-user server that the hub's spawner has started."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import hub
import kernels
import pytest
from calling import write_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Runs

FIND = "from jupyter_utils.notebook import find_notebook; f = find_notebook(); print(f.source, f.path)"
SAVE = "import jupyter_utils; r = jupyter_utils.save_mlflow('hub'); print(r.run_id, r.commit)"
ENVIRONMENT = "import os; print(os.environ['JUPYTERHUB_SERVICE_PREFIX'], bool(os.environ['JUPYTERHUB_API_TOKEN']))"


def test_jupyterhub(runs: Runs, tmp_path: Path) -> None:
    """The notebook is found below the user's prefix with the hub's token, after a rename too, committed and stored."""
    pytest.importorskip("jupyterhub", reason="JupyterHub is not installed")
    pytest.importorskip("configurable_http_proxy", reason="a hub's proxy is not installed")
    with hub.hub(tmp_path, MLFLOW_TRACKING_URI=runs.uri, JUPYTER_UTILS_SAVE_SECONDS="0.2") as server:
        for command in (["init", "-q"], ["config", "user.name", "T"], ["config", "user.email", "t@example.org"]):
            subprocess.run(["git", "-C", server.root_dir, *command], check=True)
        write_notebook(server.root_dir / "前.ipynb", SAVE)
        with kernels.kernel(server, "前.ipynb") as kernel:
            assert kernel.run(ENVIRONMENT).strip() == "/user/%E8%8A%B1%E5%AD%90/ True"
            session = kernels.api(server, "GET", "api/sessions")[0]
            kernels.api(server, "PATCH", "api/contents/前.ipynb", {"path": "後.ipynb"})
            kernels.api(server, "PATCH", f"api/sessions/{session['id']}", {"path": "後.ipynb", "name": "後.ipynb"})
            assert kernel.run(FIND).strip() == f"Jupyter server {server.root_dir}/後.ipynb"
            run, commit = kernel.run(SAVE).split()
    tags = runs.get(run).data.tags
    assert tags["jupyter_utils.notebook.path"] == str(server.root_dir / "後.ipynb")
    assert tags["mlflow.source.git.commit"] == commit
    shown = subprocess.run(
        ["git", "-C", server.root_dir, "-c", "core.quotePath=false", "show", "--name-only", "--format=", commit],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.split() == ["後.ipynb"]
