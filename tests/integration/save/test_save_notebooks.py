"""Which notebook calls: in every front end that can be had here, under the conditions that people work in."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import kernels
import pytest
import servers
from calling import env, execute, write_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Repo, Runs

# The example of the replaced project's README, unchanged but for its typing error.
PREPARE = """
import pandas as pd, jupyter_utils
from sklearn.linear_model import LogisticRegression
train_df = val_df = test_df = results_df = pd.DataFrame({"text": ["猫", "犬"], "label": [0, 1]})
model = LogisticRegression().fit([[0], [1]], [0, 1])
params, metrics = {"lr": 0.1}, {"f1": 0.9}
"""
EXAMPLE = """
jupyter_utils.save_mlflow(experiment_name="test_exp", description="Test experiment",
                          params=params, metrics=metrics,
                          dataset={"train.csv": train_df, "val.csv": val_df, "test.csv": test_df},
                          model={"classifier.mdl": model},
                          result={"test_results.csv": results_df})
"""
SAVE = "import jupyter_utils; r = jupyter_utils.save_mlflow('found'); print(r.run_id, r.notebook)"


def run_id(shown: str) -> str:
    found = re.search(r"\b[0-9a-f]{32}\b", shown)
    assert found, shown
    return found[0]


def notebook_of(runs: Runs, shown: str) -> str:
    return str(runs.get(run_id(shown)).data.tags["jupyter_utils.notebook.path"])


def test_the_example_runs_unchanged(runs: Runs, repo: Repo) -> None:
    """The example call of the replaced README, in a real kernel: all of it arrives, and the notebook is committed."""
    repo.notebook.unlink()
    file = write_notebook(repo.path / "実験.ipynb", PREPARE, EXAMPLE)
    run = run_id(execute(file, MLFLOW_TRACKING_URI=runs.uri))
    assert sorted(name for name in runs.files(run) if not name.startswith("jupyter_utils/")) == [
        "dataset/test.csv",
        "dataset/train.csv",
        "dataset/val.csv",
        "model/classifier.mdl",
        "result/test_results.csv",
    ]
    data = runs.get(run).data
    assert (data.params, data.metrics) == ({"lr": "0.1"}, {"f1": 0.9})
    assert data.tags["mlflow.note.content"] == "Test experiment"
    assert data.tags["mlflow.source.git.commit"] == repo.git("rev-parse", "HEAD")
    assert repo.committed() == ["実験.ipynb"]


def test_nbclient_takes_the_notebook_that_holds_the_cell(runs: Runs, repo: Repo) -> None:
    """Of the notebooks in the kernel's directory the calling one is found, also after %cd, with a warning."""
    write_notebook(repo.path / "other.ipynb", "1 + 1")
    (repo.path / "sub").mkdir()
    file = write_notebook(repo.path / "calling.ipynb", "%cd sub", SAVE + "; print(r.warnings)")
    shown = execute(file, named=False, MLFLOW_TRACKING_URI=runs.uri)
    assert notebook_of(runs, shown) == str(file)
    assert "No browser is connected" in shown
    assert repo.committed() == ["calling.ipynb"]


def test_nbclient_with_two_candidates(runs: Runs, repo: Repo) -> None:
    """Two notebooks with the calling cell: an error names both and asks for `notebook=`."""
    for name in ("a.ipynb", "b.ipynb"):
        write_notebook(repo.path / name, SAVE)
    shown = execute(repo.path / "a.ipynb", check=False, named=False, MLFLOW_TRACKING_URI=runs.uri)
    assert "NotebookNotFoundError" in shown
    assert "a.ipynb, b.ipynb" in shown
    assert "notebook=" in shown


def test_nbclient_with_no_candidate(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """No notebook with the calling cell: the same error; with do_commit=False the run is stored with a warning."""
    without = SAVE.replace("'found'", "'found', do_commit=False")
    file = write_notebook(tmp_path / "elsewhere" / "x.ipynb", SAVE, without)
    shown = execute(file, cwd=repo.path, check=False, named=False, MLFLOW_TRACKING_URI=runs.uri)
    assert "NotebookNotFoundError" in shown
    assert runs.get(run_id(shown)).info.status == "FINISHED"


def test_environment_variable(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """JUPYTER_UTILS_NOTEBOOK names the notebook, for front ends that tell their kernels nothing."""
    by_hand = f"import os; os.environ['JUPYTER_UTILS_NOTEBOOK'] = {str(repo.notebook)!r}"
    file = write_notebook(tmp_path / "elsewhere" / "x.ipynb", by_hand, SAVE)
    assert notebook_of(runs, execute(file, MLFLOW_TRACKING_URI=runs.uri)) == str(repo.notebook)


def test_papermill(runs: Runs, repo: Repo) -> None:
    """Papermill's executed notebook is the one that is committed."""
    pytest.importorskip("papermill")
    file = write_notebook(repo.path / "template.ipynb", SAVE)
    out = repo.path / "executed.ipynb"
    command = [sys.executable, "-m", "papermill", "--inject-paths", "--log-output", file.name, out.name]
    settings = env(MLFLOW_TRACKING_URI=runs.uri)
    done = subprocess.run(command, cwd=repo.path, env=settings, capture_output=True, text=True, check=True)
    assert notebook_of(runs, done.stderr) == str(out)
    assert repo.committed() == ["executed.ipynb"]


def test_behind_a_proxy(runs: Runs, repo: Repo) -> None:
    """A proxy that does not answer is never asked for local servers, whatever NO_PROXY forgets."""
    file = write_notebook(repo.path / "proxied.ipynb", SAVE)
    dead = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
    none = {"NO_PROXY": "", "no_proxy": ""}
    assert notebook_of(runs, execute(file, MLFLOW_TRACKING_URI=runs.uri, **dead, **none)) == str(file)


@contextlib.contextmanager
def notebook_server(folder: Path, runs: Runs) -> Iterator[servers.Started]:
    """Start a lab without an MLflow of its own, whose kernels do not wait for a browser that no test has."""
    folder.mkdir(parents=True, exist_ok=True)
    with servers.lab(folder, MLFLOW_TRACKING_URI=runs.uri, JUPYTER_UTILS_SAVE_SECONDS="0.2") as server:
        yield server


def repository(root: Path) -> None:
    for command in (["init", "-q"], ["config", "user.name", "T"], ["config", "user.email", "t@example.org"]):
        subprocess.run(["git", "-C", root, *command], check=True)


def test_jupyter_server(runs: Runs, tmp_path: Path) -> None:
    """The server knows: with a token, with two servers running, in a folder, after a rename, behind a proxy."""
    with notebook_server(tmp_path / "one", runs), notebook_server(tmp_path / "two", runs) as server:
        # Both announce themselves in the same place, as two servers of one user do.
        announced = next((tmp_path / "one").rglob("jpserver-*.json"))
        shutil.copy(announced, next((tmp_path / "two").rglob("jpserver-*.json")).parent)
        repository(server.root_dir)
        write_notebook(server.root_dir / "中 sub" / "before.ipynb", SAVE)
        with kernels.kernel(server, "中 sub/before.ipynb") as kernel:
            assert notebook_of(runs, kernel.run(SAVE)) == str(server.root_dir / "中 sub" / "before.ipynb")
            session = kernels.api(server, "GET", "api/sessions")[0]
            kernels.api(server, "PATCH", "api/contents/中 sub/before.ipynb", {"path": "after.ipynb"})
            kernels.api(
                server, "PATCH", f"api/sessions/{session['id']}", {"path": "after.ipynb", "name": "after.ipynb"}
            )
            kernel.run("import os; os.environ.update(HTTP_PROXY='http://127.0.0.1:9', http_proxy='http://127.0.0.1:9')")
            assert notebook_of(runs, kernel.run(SAVE)) == str(server.root_dir / "after.ipynb")
            shown = kernel.run(SAVE + "; print(r.warnings)")
            assert "did not save" in shown, "a browser that never saves is warned of"
            closed_while_it_saves(kernel, tmp_path / "told.txt")


def closed_while_it_saves(kernel: kernels.Kernel, told: Path) -> None:
    """Hold that a browser which goes away is not waited for until the end: the call goes on, and warns."""
    impatient = "s._PATIENCE_SECONDS, s._ASK_SECONDS, s._GONE_SECONDS = 0.1, 0.2, 1"
    kernel.run("import os; os.environ['JUPYTER_UTILS_SAVE_SECONDS'] = '3600'")
    kernel.run(f"import jupyter_utils.notebook.saving as s; {impatient}")
    tell = f"import pathlib; pathlib.Path({str(told)!r}).write_text(str(r.warnings))"
    kernel.run_until(f"{SAVE}; {tell}", "Waiting for the browser to save after.ipynb")
    kernel.socket.close()
    deadline = time.monotonic() + 300
    while not (told.exists() and told.read_text()):
        assert time.monotonic() < deadline, "still waiting for a browser that has gone"
        time.sleep(0.2)
    assert "went away" in told.read_text()


def test_notebook_outside_of_the_servers_root(runs: Runs, tmp_path: Path) -> None:
    """Without an answer from the server, the name that it gave to the kernel at its start is taken."""
    with notebook_server(tmp_path / "one", runs) as server:
        write_notebook(server.root_dir / "x.ipynb", SAVE)
        outside = write_notebook(tmp_path / "outside" / "y.ipynb", SAVE)
        repository(outside.parent)
        with kernels.kernel(server, "x.ipynb") as kernel:
            # As a server that is not ours, or whose token is not known here.
            kernel.run(f"import os; os.environ['JPY_SESSION_NAME'] = {str(outside)!r}")
            kernel.run("import jupyter_utils.notebook.find as f; f.find_sessions = lambda kernel: []")
            assert notebook_of(runs, kernel.run(SAVE)) == str(outside)
