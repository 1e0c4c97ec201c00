"""`jupyter-utils doctor` beside a real lab, from a shell whose variables say something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import servers

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Started


def test_it_describes_the_lab_that_runs(lab: Started, tmp_path: Path) -> None:
    """Its folders, store and servers, and none of what this shell would start."""
    elsewhere = {"JUPYTER_ROOT_DIR": str(tmp_path / "shell"), "MLFLOW_STORE_DIR": str(tmp_path / "shell")}
    said = servers.run(["doctor"], {**lab.env, **elsewhere, "JUPYTER_PORT": str(servers.free_port())}, tmp_path).stdout
    assert "lab: process " in said
    assert f"notebooks in {lab.root_dir}" in said
    assert f"lab, JupyterLab: answers, {lab.jupyter_url}" in said
    assert f"lab, MLflow: answers, {lab.jupyter_url}/mlflow/; through JupyterLab" in said
    assert f"{lab.store_dir / 'artifacts'}" in said
    assert "this machine only (LISTEN_ADDRESS=127.0.0.1)" in said
    assert str(tmp_path / "shell") not in said
    assert lab.token not in said
