"""What is committed is what ran, or the run says how it differs: cells, scripts, whoever calls."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from calling import env, execute, write_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Repo, Runs

SAVE = "import jupyter_utils; r = jupyter_utils.save_mlflow('what ran'); print(r.run_id, r.notebook, r.warnings)"
SCRIPT = """
import sys, jupyter_utils
r = jupyter_utils.save_mlflow('what ran', mlf_uri=sys.argv[1])
print(r.run_id, *r.warnings)
"""
IN_WORKER = """
from joblib import Parallel, delayed
def work():
    import jupyter_utils
    r = jupyter_utils.save_mlflow('what ran')
    return " ".join(map(str, (r.run_id, r.notebook, r.warnings)))
print(Parallel(n_jobs=2, backend="{}")(delayed(work)() for _ in range(1)))
"""
INJECTED = """
import sys, nbformat, nbclient
notebook = nbformat.read(sys.argv[1], 4)
notebook.cells.insert(1, nbformat.v4.new_code_cell("lr = 0.5"))
nbclient.NotebookClient(notebook, timeout=300).execute()
print(*[output.get("text") for output in notebook.cells[-1].outputs])
"""
DIFFERS = "jupyter_utils.ran.differs"


def tags_of(runs: Runs, shown: str) -> dict[str, Any]:
    found = re.search(r"\b[0-9a-f]{32}\b", shown)
    assert found, shown
    return dict(runs.get(found[0]).data.tags) | {"run_id": found[0]}


def run(command: list[Any], folder: Path, **settings: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=env(**settings), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_notebook_as_it_is_on_disk(runs: Runs, repo: Repo) -> None:
    """Nothing differs: the tag says so, and the warning of a file that nobody saved says that it holds what ran."""
    file = write_notebook(repo.path / "same.ipynb", "%%time\nlr = 0.1", "lr", SAVE)
    shown = execute(file, MLFLOW_TRACKING_URI=runs.uri)
    assert tags_of(runs, shown)[DIFFERS] == "false"
    assert "it holds what ran" in shown


def test_cell_that_a_scheduler_injects(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """It ran and is in no file: tag, artifact and warning name it."""
    write_notebook(repo.path / "scheduled.ipynb", "lr = 0.1", SAVE)
    shown = run(["-c", INJECTED, "scheduled.ipynb"], repo.path, MLFLOW_TRACKING_URI=runs.uri)
    tags = tags_of(runs, shown)
    assert tags[DIFFERS] == "true"
    assert "does NOT hold what ran: cell [2] (lr = 0.5)" in shown
    assert "+lr = 0.5" in runs.file(tags["run_id"], "jupyter_utils/ran.diff", tmp_path).read_text()


def test_twin_where_no_lab_writes_it(runs: Runs, repo: Repo) -> None:
    """The twin in the commit says what the notebook says; what only the twin said is kept beside."""
    file = write_notebook(repo.path / "paired.ipynb", "lr = 0.5", SAVE)
    notebook = nbformat.read(file, 4)
    notebook.metadata["jupytext"] = {"formats": "ipynb,py:percent"}
    nbformat.write(notebook, file)
    file.with_suffix(".py").write_text("# %%\nlr = 0.1\n")
    shown = execute(file, MLFLOW_TRACKING_URI=runs.uri)
    assert sorted(repo.committed()) == ["paired.ipynb", "paired.py"]
    assert "\nlr = 0.5\n" in repo.git("show", "HEAD:paired.py")
    assert "it is kept as paired.py.kept" in shown
    assert "lr = 0.1" in (repo.path / "paired.py.kept").read_text()


def test_papermill_to_another_folder(runs: Runs, repo: Repo) -> None:
    """What is committed is the copy that runs, parameters and all, and not the template in the kernel's folder."""
    template = write_notebook(repo.path / "template.ipynb", "lr = 0.1", SAVE)
    notebook = nbformat.read(template, 4)
    notebook.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(notebook, template)
    (repo.path / "out").mkdir()
    command = ["-m", "papermill", "--log-output", "-p", "lr", "0.5", "template.ipynb", "out/copy.ipynb"]
    shown = run(command, repo.path, MLFLOW_TRACKING_URI=runs.uri)
    tags = tags_of(runs, shown)
    assert tags["jupyter_utils.notebook.path"] == str(repo.path / "out" / "copy.ipynb")
    assert tags[DIFFERS] == "false", shown
    assert repo.committed() == ["out/copy.ipynb"]


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_worker_of_a_notebook(backend: str, runs: Runs, repo: Repo) -> None:
    """Joblib's workers, started anew or forked, know the kernel's notebook; the run names no library's file."""
    file = write_notebook(repo.path / "parallel.ipynb", IN_WORKER.format(backend))
    shown = execute(file, MLFLOW_TRACKING_URI=runs.uri)
    tags = tags_of(runs, shown)
    assert tags["jupyter_utils.notebook.path"] == str(file)
    assert tags["mlflow.source.name"] == "parallel.ipynb"
    assert "Called from a worker process" in shown
    assert repo.committed() == ["parallel.ipynb"]


def test_worker_of_a_script(runs: Runs, repo: Repo) -> None:
    """The script is what the run names, and not the program that starts workers."""
    script = repo.path / "sweep.py"
    script.write_text(IN_WORKER.format("loky"))
    repo.git("add", "sweep.py")
    repo.git("commit", "-qm", "script")
    tags = tags_of(runs, run(["sweep.py"], repo.path, MLFLOW_TRACKING_URI=runs.uri))
    assert tags["mlflow.source.name"].endswith("sweep.py")
    assert tags["jupyter_utils.script.differs"] == "false"


@pytest.mark.parametrize("kind", ["py", "ipynb"])
def test_run_magic(kind: str, runs: Runs, repo: Repo) -> None:
    """`%run` of a script or notebook: the calling notebook is committed, and a file that is not is named."""
    if kind == "py":
        (repo.path / "train.py").write_text(SAVE + "\n")
    else:
        write_notebook(repo.path / "train.ipynb", SAVE)
    file = write_notebook(repo.path / "calling.ipynb", f"%run train.{kind}")
    shown = execute(file, MLFLOW_TRACKING_URI=runs.uri)
    tags = tags_of(runs, shown)
    assert tags["jupyter_utils.notebook.path"] == str(file)
    assert repo.committed() == ["calling.ipynb"]
    assert tags["jupyter_utils.script.differs"] == "true"
    assert f"train.{kind} is not in the commit" in shown


def test_script_that_a_cell_starts(runs: Runs, repo: Repo) -> None:
    """`!python train.py` runs a script, which is what the run names; the notebook is not committed for it."""
    (repo.path / "train.py").write_text(SCRIPT)
    file = write_notebook(repo.path / "calling.ipynb", f"!{sys.executable} train.py {runs.uri}")
    tags = tags_of(runs, execute(file))
    assert tags["mlflow.source.name"].endswith("train.py")
    assert "jupyter_utils.notebook.name" not in tags


def test_script_that_is_edited(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """A script as committed says so; edited, or never committed, it is tagged, warned of, and kept."""
    script = repo.path / "train.py"
    script.write_text(SCRIPT)
    shown = run(["train.py", runs.uri], repo.path)
    assert tags_of(runs, shown).get("jupyter_utils.script.differs") == "true", "never committed"
    repo.git("add", "train.py")
    repo.git("commit", "-qm", "script")
    assert tags_of(runs, run(["train.py", runs.uri], repo.path))["jupyter_utils.script.differs"] == "false"
    script.write_text("lr = 0.5\n" + SCRIPT)
    for text in (SCRIPT, SCRIPT.replace("mlf_uri", "do_commit=False, mlf_uri")):
        script.write_text("lr = 0.5\n" + text)
        shown = run(["train.py", runs.uri], repo.path)
        tags = tags_of(runs, shown)
        assert tags["jupyter_utils.script.differs"] == "true"
        assert tags["mlflow.source.git.commit"] == repo.git("rev-parse", "HEAD")
        assert "train.py is not in the commit" in shown
        assert "+lr = 0.5" in runs.file(tags["run_id"], "jupyter_utils/script.diff", tmp_path).read_text()


def test_script_that_is_edited_while_it_runs(runs: Runs, repo: Repo) -> None:
    """What ran is neither what was committed nor what lies there now: the run says so."""
    script = repo.path / "train.py"
    edit = "import os, pathlib, time\ntime.sleep(3)\nos.utime(__file__)\n"
    script.write_text(edit + SCRIPT)
    repo.git("add", "train.py")
    repo.git("commit", "-qm", "script")
    shown = run(["train.py", runs.uri], repo.path)
    assert tags_of(runs, shown)["jupyter_utils.script.differs"] == "true"
    assert "was changed after it had been started" in shown


def test_repository_of_another_owner_without_a_commit(runs: Runs, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git does not open it: the run names no commit, and says why and what helps."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    result = runs.save(experiment_name="what ran", notebook=repo.notebook, do_commit=False)
    assert result.commit is None
    (warning,) = [one for one in result.warnings if "safe.directory" in one]
    assert "names no commit" in warning
