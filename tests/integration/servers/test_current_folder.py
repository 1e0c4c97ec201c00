"""Servers that are started in a folder from elsewhere: none of its modules is a server's, whatever its name."""

from __future__ import annotations

import sys
from importlib import metadata
from typing import TYPE_CHECKING

import kernels
import pytest
import requests
import servers

if TYPE_CHECKING:
    from pathlib import Path

# What Python itself, uvicorn, gunicorn and Jupyter look for in the current folder, or once did.
FILES = (
    "sitecustomize.py",
    "usercustomize.py",
    "gunicorn.conf.py",
    "jupyter_config.py",
    "jupyter_lab_config.py",
    "jupyter_server_config.py",
    "ipython_config.py",
    "jupyter_utils.py",
)


def hostile(folder: Path) -> Path:
    """Put a module into a folder for each that Python and this environment have; return where they leave a trace."""
    trace = folder.parent / "ran"
    packages = [name for name in metadata.packages_distributions() if name.isidentifier()]
    for name in (*FILES, *(f"{one}.py" for one in (*sys.stdlib_module_names, *packages))):
        (folder / name).write_text(f"open({str(trace)!r}, 'a').write({name!r} + chr(10))\n")
    return trace


def ran(trace: Path) -> list[str]:
    return trace.read_text().split() if trace.exists() else []


@pytest.mark.parametrize("workers", ["1", "3"])
def test_mlflow(tmp_path: Path, workers: str) -> None:
    """Its workers are processes of their own, which look for their modules again."""
    folder = tmp_path / "clone"
    folder.mkdir()
    trace = hostile(folder)
    with servers.mlflow(folder, MLFLOW_WORKERS=workers) as server:
        for _ in range(4):
            answer = requests.get(
                f"{server.mlflow_url}/api/2.0/mlflow/experiments/get?experiment_id=0", timeout=60, proxies={"http": ""}
            )
            assert answer.status_code == 200
    assert ran(trace) == []


@pytest.mark.full  # MLflow's own command starts twice
def test_mlflow_with_further_arguments(tmp_path: Path) -> None:
    """MLflow's own way to start uvicorn begins in the current folder."""
    folder = tmp_path / "clone"
    folder.mkdir()
    trace = hostile(folder)
    with servers.mlflow(folder, "--", "--uvicorn-opts=--backlog=64", MLFLOW_WORKERS="2"):
        assert ran(trace) == []


def test_a_lab_and_its_commands(tmp_path: Path) -> None:
    """JupyterLab, the start of a kernel, the sender of what waits, and the commands that are typed there."""
    folder = tmp_path / "clone"
    folder.mkdir()
    trace = hostile(folder)
    with servers.lab(folder, JUPYTER_ROOT_DIR="", JUPYTER_UTILS_SPOOL_DIR=str(tmp_path / "spool")) as lab:
        assert ran(trace) == []
        for command in ("doctor", "url", "sync", "settings"):
            servers.run([command], lab.env, folder)
            assert ran(trace) == [], command
        body = {"path": "a.ipynb", "name": "a.ipynb", "type": "notebook", "kernel": {"name": "python3"}}
        session = kernels.api(lab, "POST", "api/sessions", body)
        kernels.connect(lab, session["kernel"]["id"]).close()  # returns when the kernel answers
    assert ran(trace) == []


def test_a_notebook_imports_what_lies_beside_it(tmp_path: Path) -> None:
    """Before packages of the same name, as Python has it, once the kernel is there."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "helper.py").write_text("word = 'beside'\n")
    with (
        servers.lab(tmp_path, MLFLOW_TRACKING_URI="http://127.0.0.1:9") as lab,
        kernels.kernel(lab) as kernel,
    ):
        assert kernel.run("import helper; print(helper.word)").strip() == "beside"
        shown = kernel.run("import subprocess, sys; print(subprocess.run([sys.executable, '-c', 'import helper']))")
        assert "returncode=0" in shown
