"""`jupyter-utils gc` deletes nothing outside of the store, whatever the database names."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import requests
import servers
from mlflow import MlflowClient

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Started


def test_gc_stays_in_the_store(mlflow_server: Started, tmp_path: Path) -> None:
    """Experiments of older stores that lie elsewhere, and links that lead there; it says so, and goes on."""
    client = MlflowClient(mlflow_server.mlflow_url)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "artifacts").mkdir(parents=True)
    (elsewhere / "artifacts" / "thesis.txt").write_text("three years")
    named, linked, usual = (client.create_run("0").info for _ in range(3))
    folder = mlflow_server.store_dir / "artifacts"
    (folder / "0" / linked.run_id).mkdir(parents=True)
    (folder / "0" / linked.run_id / "artifacts").symlink_to(elsewhere / "artifacts")
    client.log_text(usual.run_id, "old", "note.txt")
    with closing(sqlite3.connect(mlflow_server.store_dir / "mlflow.db", timeout=60)) as database, database:
        change = "UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?"
        database.execute(change, (str(elsewhere / "artifacts"), named.run_id))
        database.execute(change, (f"{folder}/0/{linked.run_id}/artifacts", linked.run_id))
    for run in (named, linked, usual):
        client.delete_run(run.run_id)
    done = servers.run(["gc", "--older-than", "0s"], mlflow_server.env, mlflow_server.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (elsewhere / "artifacts" / "thesis.txt").read_text() == "three years"
    assert "MLFLOW_ARTIFACT_LOCATIONS" in done.stdout + done.stderr
    shutil.rmtree(folder / "0" / linked.run_id)  # it was not the server that wrote there
    assert not list(folder.glob(f"0/{usual.run_id}/artifacts/*"))
    url = f"{mlflow_server.mlflow_url}/api/2.0/mlflow/runs/get?run_id={usual.run_id}"
    assert requests.get(url, timeout=60, proxies={"http": ""}).status_code == 404
