"""Each way in which a call is refused: a named, clear error before anything is written, committed or sent."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import lightgbm
import numpy as np
import pytest
from jupyter_utils import errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Repo, Runs

EXPERIMENT = "refused"


@pytest.fixture(autouse=True)
def nothing_happens(runs: Runs, repo: Repo) -> Iterator[None]:
    """Every test of this file ends with the repository and the server as they were."""
    before = (repo.git("status", "--short", "--ignored"), repo.git("log", "--all", check=False), runs.count(EXPERIMENT))
    yield
    repo.git("config", "core.bare", "false")
    after = (repo.git("status", "--short", "--ignored"), repo.git("log", "--all", check=False), runs.count(EXPERIMENT))
    assert after[1:] == before[1:]


def refused(runs: Runs, repo: Repo, **arguments: Any) -> errors.JupyterUtilsError:
    arguments = {"notebook": repo.notebook} | arguments
    with pytest.raises(errors.SaveRefusedError) as caught:
        runs.save(experiment_name=EXPERIMENT, **arguments)
    return caught.value


@pytest.mark.parametrize(
    ("argument", "value"), [("dataset", object()), ("dataset", 3), ("model", "text"), ("result", {1})]
)
def test_unsupported_object(argument: str, value: Any, runs: Runs, repo: Repo) -> None:
    """The error names the type, the key and what is accepted."""
    error = refused(runs, repo, **{argument: {"key.bin": value}})
    assert type(error) is errors.UnsupportedObjectError
    assert f"{argument}['key.bin'] is a {type(value).__name__}" in str(error)
    assert ("pandas.DataFrame" if argument != "model" else "torch.nn.Module") in str(error)


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "x/", "a//b", "", ".", "..", "a\\..\\b", 3, None])
def test_name_that_leaves_its_folder(name: Any, runs: Runs, repo: Repo) -> None:
    """A name that would leave its folder, or is no plain name in it, is refused."""
    assert type(refused(runs, repo, dataset={name: "x"})) is errors.ArtifactNameError


@pytest.mark.parametrize(
    "name", ["a#1.csv", "a?b", "100%.txt", "a%20b", "a\nb", "a\tb", "\x00", "folder#/x", "C:x", "a/Http:x", "a;"]
)
def test_name_that_http_corrupts(name: str, runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """A name that MLflow's HTTP artifact API corrupts is refused, inside of a given directory as well."""
    assert type(refused(runs, repo, result={name: "x"})) is errors.ArtifactNameError
    if "\x00" not in name:
        folder = tmp_path / "given"
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("x")
        assert type(refused(runs, repo, result={"fine": folder})) is errors.ArtifactValueError


@pytest.mark.parametrize(
    "value", ["0.9", None, True, np.bool_(True), 1j, [0.9], np.array([1.0, 2.0]), 10**400, object()]
)
def test_metric_that_is_not_a_number(value: Any, runs: Runs, repo: Repo) -> None:
    """The error names the metric and the value's type."""
    error = refused(runs, repo, metrics={"f1": value})
    assert type(error) is errors.MetricError
    assert "metrics['f1']" in str(error)
    assert type(value).__name__ in str(error)


@pytest.mark.parametrize("name", ["acc%", "精度\uff08F1\uff09", "a" * 251, "../x", "x/", "/x", "", "a\n", 3])
def test_names_that_mlflow_refuses(name: Any, runs: Runs, repo: Repo) -> None:
    """Names of params and metrics that MLflow would refuse half-way are refused before."""
    assert type(refused(runs, repo, metrics={name: 1})) is errors.MetricError
    assert type(refused(runs, repo, params={name: 1})) is errors.ParamError


def test_notebook_outside_any_repository(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """The error says how to make a repository, or to do without."""
    file = tmp_path / "alone" / "nb.ipynb"
    file.parent.mkdir()
    file.write_bytes(repo.notebook.read_bytes())
    error = refused(runs, repo, notebook=file)
    assert type(error) is errors.NotInRepositoryError
    assert "git init" in str(error)
    assert "do_commit=False" in str(error)


def test_bare_repository(runs: Runs, repo: Repo) -> None:
    """A repository without a work tree is refused by name."""
    repo.git("config", "core.bare", "true")
    assert type(refused(runs, repo)) is errors.BareRepositoryError


def test_notebook_in_a_bare_repository(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """A notebook that lies in a bare repository's own folder is refused by the same name."""
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "bare.git"], check=True)
    file = tmp_path / "bare.git" / "nb.ipynb"
    file.write_bytes(repo.notebook.read_bytes())
    assert type(refused(runs, repo, notebook=file)) is errors.BareRepositoryError
    assert type(refused(runs, repo, git_repo_dir=tmp_path / "bare.git")) is errors.BareRepositoryError


@pytest.mark.parametrize("missing", ["name", "email"])
def test_no_identity(missing: str, runs: Runs, repo: Repo) -> None:
    """The error holds the two commands that set who commits."""
    repo.git("config", "--unset", f"user.{missing}")
    error = refused(runs, repo)
    assert type(error) is errors.GitIdentityError
    assert "git config --global user.name" in str(error)
    assert "git config --global user.email" in str(error)


def test_ignored_notebook(runs: Runs, repo: Repo) -> None:
    """A notebook that .gitignore hides together with its twin is refused."""
    (repo.path / ".gitignore").write_text("nb.*\n")
    (repo.path / "nb.py").write_text("# ---\n# jupytext:\n#   formats: ipynb,py\n# ---\n")
    error = refused(runs, repo)
    assert type(error) is errors.NotebookIgnoredError
    assert "nb.py" in str(error)


def test_repository_of_another_user(runs: Runs, repo: Repo) -> None:
    """The error holds the command with which Git opens it, for a notebook in any folder of it."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to another user")
    file = repo.write(name="sub/deep.ipynb")
    os.chown(repo.path, 12345, 12345)
    error = refused(runs, repo, notebook=file)
    assert type(error) is errors.RepositoryOwnerError
    command = str(error).rpartition("If you trust it: ")[2]
    subprocess.run(shlex.split(command), check=True)
    assert runs.save(experiment_name="trusted", notebook=file).commit
    os.chown(repo.path, 0, 0)
    repo.git("update-ref", "-d", "HEAD")


def test_missing_notebook(runs: Runs, repo: Repo) -> None:
    """A notebook that does not exist is refused."""
    assert type(refused(runs, repo, notebook="nowhere.ipynb")) is errors.NotebookNotFoundError


def test_merge_under_way(runs: Runs, repo: Repo) -> None:
    """During a merge Git cannot commit single files; the error says so before anything is written."""
    (repo.path / ".git" / "MERGE_HEAD").write_text("0" * 40 + "\n")
    assert type(refused(runs, repo)) is errors.RepositoryBusyError
    (repo.path / ".git" / "MERGE_HEAD").unlink()


def test_unfitted_model(runs: Runs, repo: Repo) -> None:
    """A LightGBM model that has not been fitted has nothing to store."""
    assert type(refused(runs, repo, model={"m": lightgbm.LGBMClassifier()})) is errors.ArtifactValueError


def test_missing_path(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """A path that does not exist, or a directory with a broken link, is refused."""
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "link").symlink_to("nowhere")
    assert type(refused(runs, repo, dataset={"x": tmp_path / "nowhere"})) is errors.ArtifactValueError
    assert type(refused(runs, repo, dataset={"x": tmp_path / "dir"})) is errors.ArtifactValueError


def test_clashing_names(runs: Runs, repo: Repo) -> None:
    """A name cannot be both a file and a folder."""
    assert type(refused(runs, repo, dataset={"a": "x", "a/b": "y"})) is errors.ArtifactNameError


@pytest.mark.parametrize(
    "argument", ["run_name", "description", "params", "metrics", "dataset", "model", "result", "git_repo_dir"]
)
def test_argument_of_a_wrong_type(argument: str, runs: Runs, repo: Repo) -> None:
    """The error names the argument and the type."""
    error = refused(runs, repo, **{argument: 3})
    assert type(error) is errors.ArgumentError
    assert f"{argument} is a int" in str(error)


def test_all_problems_at_once(runs: Runs, repo: Repo) -> None:
    """Whoever has made five mistakes reads of all five."""
    repo.git("config", "--unset", "user.name")
    error = refused(
        runs, repo, params={"a%": 1}, metrics={"f1": "x"}, dataset={"../x": "x", "y": object()}, model={"m": "text"}
    )
    assert isinstance(error, errors.SeveralProblemsError)
    kinds = {type(problem) for problem in error.problems}
    assert kinds == {
        errors.ParamError,
        errors.MetricError,
        errors.ArtifactNameError,
        errors.UnsupportedObjectError,
        errors.GitIdentityError,
    }


def test_deleted_experiment(repo: Repo, runs: Runs) -> None:
    """An experiment that was deleted takes no runs; the error says how to restore it."""
    identity = runs.client.create_experiment("deleted one")
    runs.client.delete_experiment(identity)
    with pytest.raises(errors.ExperimentError, match="restore"):
        runs.save(experiment_name="deleted one", notebook=repo.notebook)
