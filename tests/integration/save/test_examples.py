"""The example notebooks run as they are, better than guessing, short of perfect, in a repository and outside of one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import jupyter_utils
import nbformat
import pytest
from calling import execute

if TYPE_CHECKING:
    from conftest import Repo, Runs

EXAMPLES = Path(jupyter_utils.__file__).parent / "examples"
EXPERIMENTS = {
    "first_run.ja": "はじめてのラン",
    "first_run.en": "first run",
    "tiny_transformer.ja": "小さな Transformer",
    "tiny_transformer.en": "tiny transformer",
}
# One is enough for every day.
NAMES = [pytest.param(name, marks=[] if name == "first_run.ja" else [pytest.mark.full]) for name in sorted(EXPERIMENTS)]


def run(name: str, folder: Path, runs: Runs) -> str:
    """Execute a copy in that folder, without any network but the server's, and give the run's id."""
    experiment = EXPERIMENTS[name]
    before = runs.count(experiment)
    file = folder / f"{name}.ipynb"
    shutil.copy(EXAMPLES / file.name, file)
    settings = {"MLFLOW_TRACKING_URI": runs.uri, "XDG_CACHE_HOME": str(folder.parent / "cache"), "HF_HUB_OFFLINE": "1"}
    shown = execute(file, **settings)
    assert shown.rstrip().endswith("True"), shown
    assert runs.count(experiment) == before + 1
    found = runs.client.get_experiment_by_name(experiment)
    return runs.client.search_runs([found.experiment_id], max_results=1)[0].info.run_id


@pytest.mark.parametrize("name", NAMES)
def test_an_example_runs(name: str, runs: Runs, tmp_path: Path, quiet_git: None) -> None:  # noqa: ARG001
    """In a folder of no repository: it stores its run, loads it again, and its figures convince."""
    (tmp_path / "plain").mkdir()
    saved = runs.get(run(name, tmp_path / "plain", runs))
    metrics = saved.data.metrics
    assert metrics["baseline_accuracy"] + 0.1 < metrics["accuracy"] < 0.95
    assert "mlflow.source.git.commit" not in saved.data.tags
    assert any(file.endswith(".png") for file in runs.files(saved.info.run_id, "result"))


@pytest.mark.full
@pytest.mark.parametrize("name", ["first_run.ja", "tiny_transformer.en"])
def test_in_a_repository_it_is_committed(name: str, runs: Runs, repo: Repo) -> None:
    """The same copy, in a repository, with its commit."""
    saved = runs.get(run(name, repo.path, runs))
    assert repo.committed() == [f"{name}.ipynb"]
    assert saved.data.tags["mlflow.source.git.commit"] == repo.git("rev-parse", "HEAD")


@pytest.mark.full
def test_what_git_ignores_is_run_without_a_commit(runs: Runs, repo: Repo) -> None:
    """As in `volume/`, which the project's own repository ignores."""
    (repo.path / ".gitignore").write_text("/volume/*\n")
    (repo.path / "volume" / "jupyter").mkdir(parents=True)
    saved = runs.get(run("first_run.en", repo.path / "volume" / "jupyter", runs))
    assert "mlflow.source.git.commit" not in saved.data.tags


@pytest.mark.full
@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_an_example_can_be_run_again(
    name: str,
    runs: Runs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    quiet_git: None,  # noqa: ARG001
) -> None:
    """With the same numbers: it is the first thing that a newcomer tries it on."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for what in ("CODE", "INPUTS"):
        monkeypatch.setenv(f"JUPYTER_UTILS_RECORD_{what}", "on")
    (tmp_path / "plain").mkdir()
    saved = run(name, tmp_path / "plain", runs)
    done = jupyter_utils.reproduce(saved, runs.uri, trust=True, tell=lambda _: None)
    assert done.verdict == "same", done
    assert "jupyter_utils.unseeded" not in runs.get(saved).data.tags


@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_examples_are_kept_clean(name: str) -> None:
    """Without outputs and counts, each in both languages, cell for cell."""
    notebook = nbformat.read(EXAMPLES / f"{name}.ipynb", 4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    twin = nbformat.read(EXAMPLES / f"{name.partition('.')[0]}.{'en' if name.endswith('ja') else 'ja'}.ipynb", 4)
    assert [cell.cell_type for cell in notebook.cells] == [cell.cell_type for cell in twin.cells]
