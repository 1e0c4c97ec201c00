"""Data of an older MLflow: plain files that today's refuses to open."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import requests
import servers

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Started

# MLflow still writes this kind of store where it is told to; `old` is where the container had it.
WRITE = """
import pathlib, sys, mlflow
root, note = sys.argv[1], pathlib.Path(sys.argv[2])
mlflow.set_tracking_uri(f"file://{root}")
mlflow.set_experiment("古い実験")
with mlflow.start_run(run_name="古い実行") as run:
    mlflow.log_params({"lr": 0.1, "精度": "bf16"})
    for step, value in enumerate([0.5, 0.9]):
        mlflow.log_metric("f1", value, step=step)
    mlflow.set_tag("mlflow.source.git.commit", "0123abc")
    mlflow.log_artifact(str(note), "result")
client = mlflow.MlflowClient()
client.create_registered_model("classifier")
client.create_model_version("classifier", run.info.artifact_uri + "/result", run.info.run_id)
print(run.info.run_id)
"""


def old_store(folder: Path, root: Path, recorded: str) -> str:
    """Write a plain file store at `root` whose artifact addresses begin with `recorded`; return the id of its run."""
    note = folder / "結果 1.csv"
    note.write_text("a,b\n1,2\n", encoding="utf-8")
    env = servers.environment(folder, MLFLOW_ALLOW_FILE_STORE="true")
    command = [sys.executable, "-c", WRITE, str(root), str(note)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, cwd=folder)
    for meta in root.rglob("meta.yaml"):
        text = meta.read_text(encoding="utf-8")
        meta.write_text(text.replace(f"file://{root}", recorded), encoding="utf-8")
    return done.stdout.split()[-1]


def get(server: Started, path: str) -> requests.Response:
    answer = requests.get(f"{server.mlflow_url}/{path}", timeout=60, proxies={"http": ""})
    answer.raise_for_status()
    return answer


@pytest.mark.parametrize(
    ("recorded", "folder"),
    [("file:///opt/mlflow", "."), pytest.param("./mlruns", "mlruns", marks=pytest.mark.full)],
)
def test_an_imported_store_shows_its_runs_and_hands_out_their_artifacts(
    tmp_path: Path, recorded: str, folder: str
) -> None:
    """Runs, metrics and models are there; artifacts come through the server, wherever they were written."""
    store = tmp_path / "mlflow"
    root = (store / folder).resolve()
    root.mkdir(parents=True)
    run_id = old_store(tmp_path, root, recorded)
    before = {path.relative_to(root): path.stat().st_mtime_ns for path in root.rglob("meta.yaml")}

    env = servers.environment(tmp_path)
    done = servers.run(["import-file-store"], env, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 runs and 1 artifact files" in done.stdout
    assert {path.relative_to(root): path.stat().st_mtime_ns for path in root.rglob("meta.yaml")} == before
    notes = [*store.rglob("結果 1.csv")]
    assert len(notes) == 2
    assert {note.stat().st_nlink for note in notes} == {1}, "a change of one would reach the other"

    with servers.mlflow(tmp_path) as server:
        run = get(server, f"api/2.0/mlflow/runs/get?run_id={run_id}").json()["run"]
        assert {param["key"]: param["value"] for param in run["data"]["params"]} == {"lr": "0.1", "精度": "bf16"}
        assert [metric["value"] for metric in run["data"]["metrics"]] == [0.9]
        note = get(server, f"get-artifact?run_id={run_id}&path=result/結果 1.csv")
        assert note.text == "a,b\n1,2\n"
        version = get(server, "api/2.0/mlflow/model-versions/get?name=classifier&version=1").json()["model_version"]
        assert version["source"] == f"{run['info']['artifact_uri']}/result"
        body = {"experiment_id": run["info"]["experiment_id"]}
        url = f"{server.mlflow_url}/api/2.0/mlflow/runs/create"
        made = requests.post(url, json=body, timeout=60, proxies={"http": ""}).json()["run"]["info"]
        assert made["artifact_uri"].startswith("mlflow-artifacts:/")


def test_importing_twice_does_not_overwrite(tmp_path: Path) -> None:
    """A database that is there already may hold newer runs."""
    store = tmp_path / "mlflow"
    (store / "0").mkdir(parents=True)
    (store / "0" / "meta.yaml").write_text("experiment_id: '0'\n")
    (store / "mlflow.db").write_text("newer runs")
    done = servers.run(["import-file-store"], servers.environment(tmp_path), tmp_path)
    assert done.returncode == 1
    assert "exists already" in done.stderr
    assert (store / "mlflow.db").read_text() == "newer runs"


def test_too_little_room_is_said_before_anything_is_written(tmp_path: Path) -> None:
    """Artifacts are copied, so as much as they take must be free."""
    artifact = tmp_path / "mlflow" / "0" / "run" / "artifacts" / "model.bin"
    artifact.parent.mkdir(parents=True)
    (tmp_path / "mlflow" / "0" / "meta.yaml").write_text("experiment_id: '0'\n")
    with artifact.open("wb") as file:
        file.truncate(2**42)  # a file of 4 TiB that takes no room itself
    done = servers.run(["import-file-store"], servers.environment(tmp_path), tmp_path)
    assert done.returncode == 1
    assert "4.0 TiB are needed" in done.stderr
    assert f"MLFLOW_STORE_DIR={tmp_path}/mlflow lies on a disk with" in done.stderr
    assert [path.name for path in (tmp_path / "mlflow").iterdir()] == ["0"]


@pytest.mark.parametrize("command", ["import-file-store", "migrate"])
def test_nothing_to_import_is_said(command: str, tmp_path: Path) -> None:
    """And no database is made; by the command's old name as well."""
    done = servers.run([command], servers.environment(tmp_path), tmp_path)
    assert done.returncode == 1
    assert "holds no plain file store" in done.stderr
    assert not (tmp_path / "mlflow").exists()


@pytest.mark.full  # MLflow's whole tool for a failure that a unit test's copies stand for as well
def test_a_damaged_store_is_left_as_it_was(tmp_path: Path) -> None:
    """Half a database would be started on as if it were all."""
    store = tmp_path / "mlflow"
    (store / "0").mkdir(parents=True)
    (store / "0" / "meta.yaml").write_text("experiment_id: [not, a, number]\nname: {}\n")
    done = servers.run(["import-file-store"], servers.environment(tmp_path), tmp_path)
    assert done.returncode == 1
    assert "The old files are as they were" in done.stderr
    assert [path.name for path in store.iterdir()] == ["0"]
