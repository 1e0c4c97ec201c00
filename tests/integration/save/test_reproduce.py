"""Runs that are run again by a real kernel: the same, another input, a cell that fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jupyter_utils
import pytest
from calling import execute, write_notebook
from jupyter_utils.spool import own_spool

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Repo, Runs

FIRST = """
import jupyter_utils, pandas as pd
import helper
from sklearn.linear_model import LogisticRegression
"""
FIT = """
model = LogisticRegression().fit(frame[["x"]], frame.y)
score = float(model.predict_proba(frame[["x"]])[:, 1].sum())
"""
SAVE = """
for number in range(2):
    metrics = {"score": helper.scaled(score, number)}
    result = jupyter_utils.save_mlflow("again", run_name="one", metrics=metrics, result={"table.csv": frame})
print("RUN", result.run_id)
"""
CELLS = (FIRST, 'frame = pd.read_csv("../data/x.csv")', FIT, SAVE, "raise RuntimeError('after the run was saved')")


@pytest.fixture
def project(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """Give a notebook a helper that is not committed, and data that Git ignores."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for folder in ("notebooks", "data"):
        (repo.path / folder).mkdir()
    (repo.path / ".gitignore").write_text("data/\n")
    (repo.path / "notebooks" / "helper.py").write_text("def scaled(value, number):\n    return value + number\n")
    rows = "".join(f"{(at * 37 % 23) / 10},{at % 2}\n" for at in range(60))
    (repo.path / "data" / "x.csv").write_text(f"x,y\n{rows}")
    return repo


def saved(project: Repo, runs: Runs, *cells: str) -> str:
    """Run the notebook, and return the id of the last run that it has saved."""
    file = write_notebook(project.path / "notebooks" / "study.ipynb", *(cells or CELLS))
    recording = {f"JUPYTER_UTILS_RECORD_{what}": "on" for what in ("CODE", "INPUTS")}
    shown = execute(file, check=False, MLFLOW_TRACKING_URI=runs.uri, **recording)
    return shown.split("RUN ")[1].split()[0]


def again(run: str, runs: Runs, **options: Any) -> jupyter_utils.Reproduction:
    return jupyter_utils.reproduce(run, runs.uri, tell=lambda _: None, **options)


def test_the_same_and_another_input(project: Repo, runs: Runs, tmp_path: Path) -> None:
    """Unchanged it gives the same; without its repository and with one byte of its data changed, the report says so."""
    run = saved(project, runs)
    before = project.git("status", "--short"), project.git("rev-parse", "HEAD")
    found = again(run, runs)
    assert (found.verdict, found.exit_code) == ("same", 0), repr(found)
    assert (project.git("status", "--short"), project.git("rev-parse", "HEAD")) == before
    child = runs.get(found.child.run_id).data
    assert child.tags["jupyter_utils.reproduces"] == child.tags["mlflow.parentRunId"] == run
    assert child.tags["jupyter_utils.verdict"] == "same"
    assert child.metrics == runs.get(run).data.metrics
    assert runs.get(run).data.tags["jupyter_utils.reproduced"].startswith("same 20")
    report = [f"jupyter_utils/reproduction/{name}" for name in ("report.html", "report.json", "study.ipynb")]
    assert set(report) <= set(runs.files(found.child.run_id))
    data = json.loads(runs.file(found.child.run_id, report[1], tmp_path).read_text(encoding="utf-8"))
    assert (data["verdict"], data["run"]) == ("same", run)
    assert not list((tmp_path / "cache" / "jupyter-utils" / "reproductions").iterdir())
    assert own_spool().waiting() == []

    (project.path / ".git").rename(tmp_path / "gone")
    text = (project.path / "data" / "x.csv").read_text()
    (project.path / "data" / "x.csv").write_text(
        text.replace("3.7", "9.7", 1) if "3.7" in text else text.replace("1.4", "9.4", 1)
    )
    found = again(run, runs)
    assert (found.verdict, found.exit_code) == ("differs", 1), repr(found)
    assert "data/x.csv is another than it was; cells that read it: [2]" in found.plan["inputs"].findings[0].reason
    assert "data/x.csv is another" in found.to_html()
    assert "&lt;body&gt;" not in found.to_html()


def test_a_cell_that_fails(project: Repo, runs: Runs) -> None:
    """The report goes up to there: which cell, which error, and that the recorded notebook does not show it."""
    cells = (*CELLS[:1], "import os\nassert os.path.exists('here.txt'), 'no file'", *CELLS[1:4])
    here = project.path / "notebooks" / "here.txt"
    here.write_text("x")
    found = again(saved(project, runs, *cells), runs)
    assert (found.verdict, found.exit_code) == ("could not", 3)
    assert (found.failure.position, found.failure.error) == (1, "AssertionError: no file")
    assert "In the original run this cell did not fail." in found.notes[-1]
    child = runs.get(found.child.run_id).data
    assert (child.tags["jupyter_utils.verdict"], child.metrics) == ("could not", {})


@pytest.mark.full
def test_secrets_and_a_cell_that_had_failed_before(project: Repo, runs: Runs) -> None:
    """What ran has the secrets; the child holds none of them. A cell may fail again that failed then, too."""
    token = "hf_" + "aB3" * 12
    secret = [f"token = '{token}'\nprint(token)", "password = 'hunter2-secret'\nprint('pw', password)"]
    private = "%%private\nword = 'geheim'\nprint(word)"
    run = saved(project, runs, FIRST, *secret, private, "1 / 0", CELLS[1], FIT, SAVE)
    found = again(run, runs)
    assert found.verdict == "same", repr(found)
    for which in (run, found.child.run_id):
        for name in runs.files(which):
            content = runs.file(which, name, project.path).read_bytes()
            assert not any(one.encode() in content for one in (token, "hunter2-secret", "geheim")), name
    assert "failed: [5]" in str(jupyter_utils.explain(run, runs.uri))
