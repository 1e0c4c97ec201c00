"""What the tests of `save_mlflow` share: a repository with a notebook, a server, and looking at what a run holds."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jupyter_utils
import nbformat
import pytest
from mlflow import MlflowClient

if TYPE_CHECKING:
    from servers import Started


@dataclass
class Repo:
    """A real Git repository with one notebook, `nb.ipynb`, which is not committed yet."""

    path: Path

    @property
    def notebook(self) -> Path:
        return self.path / "nb.ipynb"

    def git(self, *args: str, check: bool = True) -> str:
        done = subprocess.run(["git", "-C", self.path, *args], capture_output=True, text=True, check=False)
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout.strip()

    def write(self, source: str = "1 + 1", name: str = "nb.ipynb") -> Path:
        """Write a notebook of one cell."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
        nbformat.write(notebook, file)
        return file

    def committed(self, commit: str = "HEAD") -> list[str]:
        """Give the files of one commit's change."""
        return self.git("-c", "core.quotePath=false", "show", "--name-only", "--format=", commit).splitlines()


@pytest.fixture
def quiet_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Git as on a fresh machine: no configuration of the one that runs the tests."""
    for name in ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL"):
        monkeypatch.delenv(f"GIT_{name}", raising=False)
    monkeypatch.delenv("EMAIL", raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def repo(tmp_path: Path, quiet_git: None) -> Repo:  # noqa: ARG001 - it acts by being there
    folder = tmp_path / "repo"
    folder.mkdir()
    made = Repo(folder)
    made.git("init", "-q", "-b", "main")
    made.git("config", "user.name", "Tester")
    made.git("config", "user.email", "tester@example.org")
    made.write()
    return made


@dataclass
class Runs:
    """The server's runs, as a stranger sees them over HTTP."""

    uri: str

    @property
    def client(self) -> MlflowClient:
        return MlflowClient(self.uri)

    def get(self, run_id: str) -> Any:
        return self.client.get_run(run_id)

    def count(self, experiment: str) -> int:
        found = self.client.get_experiment_by_name(experiment)
        return len(self.client.search_runs([found.experiment_id])) if found else 0

    def files(self, run_id: str, path: str | None = None) -> list[str]:
        """All files of a run, folders opened."""
        found: list[str] = []
        for one in self.client.list_artifacts(run_id, path):
            found += self.files(run_id, one.path) if one.is_dir else [one.path]
        return found

    def file(self, run_id: str, path: str, folder: Path) -> Path:
        return Path(self.client.download_artifacts(run_id, path, str(folder)))

    def save(self, **arguments: Any) -> jupyter_utils.SaveResult:
        return jupyter_utils.save_mlflow(mlf_uri=self.uri, **arguments)


@pytest.fixture
def runs(mlflow_server: Started) -> Runs:
    return Runs(mlflow_server.mlflow_url)
