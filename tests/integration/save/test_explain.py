"""`explain` and `jupyter-utils show`: a run in plain words, stored or waiting, of this version or of none."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import jupyter_utils
import pytest
from calling import env, execute, write_notebook
from jupyter_utils.errors import LoadError
from mlflow import MlflowClient

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Repo, Runs

SAVE = "import jupyter_utils; r = jupyter_utils.save_mlflow('explain'); print(r.run_id or r.entry.name)"
DOWN = "http://127.0.0.1:9"


def show(run: str, uri: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `jupyter-utils show`, in a folder without settings."""
    command = [sys.executable, "-P", "-m", "jupyter_utils", "show", run]
    settings = env(MLFLOW_TRACKING_URI=uri)
    return subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, check=False)


def notebook_run(repo: Repo, uri: str) -> str:
    """Run a notebook that does much of what makes a run hard to have again; the run's id, or its entry's."""
    for name in ("util", "extra", "hidden"):
        (repo.path / f"{name}.py").write_text(f"x = '{name}'\n", encoding="utf-8")
    (repo.path / ".gitignore").write_text("hidden.py\n", encoding="utf-8")
    repo.git("add", "util.py", ".gitignore")
    repo.git("commit", "-qm", "helpers")
    (repo.path / "util.py").write_text("x = 'edited'\n", encoding="utf-8")
    # A cell that is gone from the file when the run is saved, as after an edit in a front end.
    gone = "import json, pathlib; f = pathlib.Path('n.ipynb'); n = json.loads(f.read_text()); n['cells'].pop(1)"
    gone += "; _ = f.write_text(json.dumps(n))"
    cells = ["import jupyter_utils, util, extra, hidden", "lr = 0.1", gone, SAVE]
    file = write_notebook(repo.path / "n.ipynb", *cells)
    return re.findall(r"\b(?:[0-9a-f]{32}|\d{15}-[0-9a-f]{16})\b", execute(file, MLFLOW_TRACKING_URI=uri))[-1]


@pytest.mark.usefixtures("recording")
@pytest.mark.parametrize("waits", [False, True], ids=["stored", "waiting"])
def test_a_run_of_a_notebook(waits: bool, runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """What differs and what is missing stand there by name, as data and as the command prints it."""
    uri = DOWN if waits else runs.uri
    run_id = notebook_run(repo, uri)
    found = jupyter_utils.explain(run_id, uri)
    assert (found.run_id, found.waits) == (run_id, waits)
    assert found.started is not None
    assert found.recorded["code"] == f"3 of 4 files kept in the run, commit {repo.git('rev-parse', 'HEAD')[:12]}"
    assert found.recorded["cells"] == "4 executions: hidden"
    assert found.recorded["call"] == f"call 1 of its process, cell [4], call 1 of it, in {repo.path}"
    for said in (
        "util.py (module): the commit holds another text of it",
        "extra.py (module): it is in no commit",
        "hidden.py (module): it is in no commit, since Git ignores it",
        "cell [2] is not in the notebook (any more) as it ran",
    ):
        assert said in found.differs
    assert "hidden.py: the run has its digest only (Git ignores it)" in found.missing
    assert "seeds: jupyter_utils.fix_seeds was not called, and random numbers vary by themselves" in found.missing
    assert [row["path"] for row in found.records["code"]["files"]] == ["n.ipynb", "util.py", "extra.py", "hidden.py"]
    done = show(run_id, uri, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{found}\n"
    assert ("waits in the spool" in done.stdout) == waits


@pytest.mark.usefixtures("recording")
def test_a_script_and_a_run_that_was_changed(runs: Runs, repo: Repo) -> None:
    """A script is told in its own words; whoever changes a run's code afterwards is not believed."""
    script = repo.path / "train.py"
    script.write_text(f"{SAVE}\nprint(r)\n", encoding="utf-8")
    settings = env(MLFLOW_TRACKING_URI=runs.uri)
    command = [sys.executable, "-P", script]
    done = subprocess.run(command, cwd=repo.path, env=settings, capture_output=True, text=True, check=True)
    assert "Called from a script: nothing is committed; the run keeps a copy of train.py." in done.stdout
    run_id = done.stdout.split()[0]
    found = jupyter_utils.explain(run_id, runs.uri)
    assert "as they were" in found.recorded["seal"]
    assert not any("after it had" in words for words in found.differs)
    runs.client.log_text(run_id, "import os", "jupyter_utils/code/train.py")
    found = jupyter_utils.explain(run_id, runs.uri)
    assert "seal" not in found.recorded
    assert any("were changed since it was saved" in words for words in found.differs), str(found)


def test_a_run_without_records(runs: Runs, tmp_path: Path) -> None:
    """Of an earlier version, or MLflow's own: unknown, which is not "nothing differs"; the words say why."""
    client = MlflowClient(runs.uri)
    experiment = client.create_experiment("explain plain")
    run_id = client.create_run(experiment, run_name="plain").info.run_id
    found = jupyter_utils.explain(run_id, runs.uri)
    assert set(found.unknown) == {"code", "cells", "call", "inputs", "machine", "environment"}
    assert (found.recorded, found.records, found.differs) == ({}, {}, ())
    assert found.missing == ("the run names no commit",)
    done = show(run_id, runs.uri, tmp_path)
    assert "save_mlflow did not store it" in done.stdout
    result = runs.save(experiment_name="explain plain", do_commit=False)  # here the record is off
    found = jupyter_utils.explain(result)
    assert "JUPYTER_UTILS_RECORD_CODE was off" in found.unknown["call"]
    assert "Python" in found.recorded["environment"]


def test_what_others_have_recorded(runs: Runs, tmp_path: Path) -> None:
    """The inputs are told; a record that is of a later version or damaged is unknown, and costs no other."""
    result = runs.save(experiment_name="explain others", do_commit=False)
    assert result.run_id is not None
    inputs = {
        "format": 1,
        "complete": False,
        "partial": ["polars opens files unseen"],
        "files": [
            {"path": "a.csv", "on_disk": "/d/a.csv", "size": 2048, "sha256": "0", "changed": True, "cells": [1]},
            {"path": "b.csv", "on_disk": "/d/b.csv", "size": 0, "changed": False, "cells": [1]},
        ],
        "hub": [{"kind": "model", "repository": "cl-tohoku/bert", "revision": "abc"}],
    }
    for name, text in {"inputs": json.dumps(inputs), "call": '{"format": 99}', "code": '{"format": 1}'}.items():
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
        runs.client.log_artifact(result.run_id, str(tmp_path / f"{name}.json"), "jupyter_utils")
    found = jupyter_utils.explain(result)
    assert found.recorded["inputs"] == "2 files (2.0 KiB); model cl-tohoku/bert (abc)"
    assert "a.csv has changed since it was read" in found.differs
    assert "b.csv: no digest of what was read" in found.missing
    assert "not all inputs can be seen: polars opens files unseen" in found.missing
    assert "later version" in found.unknown["call"]
    assert "cannot be read" in found.unknown["code"]
    assert "machine" in found.recorded


@pytest.mark.parametrize("run", ["0" * 32, "nonsense", f"{'0' * 15}-{'0' * 16}", ""])
def test_a_wrong_id(run: str, runs: Runs, tmp_path: Path) -> None:
    """One error that names it, and where ids are listed."""
    with pytest.raises(LoadError, match=run or "run_id is ''"):
        jupyter_utils.explain(run, runs.uri)
    done = show(run, runs.uri, tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("Error: ")
    assert "jupyter-utils sync --list" in done.stderr


def test_no_server(tmp_path: Path) -> None:
    """Said, and not taken for a run that is not there."""
    done = show("0" * 32, DOWN, tmp_path)
    assert done.returncode == 1
    assert "the MLflow server at http://127.0.0.1:9" in done.stderr
    assert "terminal of JupyterLab" in done.stderr
    assert "MLFLOW_TRACKING_URI" in done.stderr
