"""Which labs run, as `jupyter-utils url` prints them."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING

import psutil
import pytest
from click.testing import CliRunner
from jupyter_utils.cli import main
from jupyter_utils.machine import running as state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the state in a folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "jupyter-utils" / "run"


@contextlib.contextmanager
def announced(urls: dict[str, str], root_dir: Path, health: dict[str, str]) -> Iterator[state.Announcement]:
    with state.Announcement(urls, root_dir, health=health) as announcement:
        announcement.make()
        yield announcement


def write(folder: Path, process: psutil.Process, name: str, began: float | None = None) -> None:
    began = process.create_time() if began is None else began
    content = {"pid": process.pid, "began": began, "urls": {"JupyterLab": f"http://{name}"}, "root_dir": f"/{name}"}
    (folder / f"{name}.json").write_text(json.dumps(content))


def test_all_running_labs_are_listed(folder: Path, tmp_path: Path) -> None:
    """Each with the directory that it shows, so that one can tell them apart."""
    with announced({"JupyterLab": "http://here/lab?token=x"}, tmp_path, {}):
        write(folder, psutil.Process(os.getppid()), "other")
        said = CliRunner().invoke(main, ["url"]).output
    assert "http://here/lab?token=x" in said
    assert "http://other" in said
    assert "/other (process" in said
    assert not (folder / f"{os.getpid()}.json").exists()


def test_what_a_killed_lab_left_is_removed(folder: Path) -> None:
    """A process of the same number that began at another time is not it, and a damaged file says nothing."""
    assert state.running() == []
    folder.mkdir(parents=True)
    write(folder, psutil.Process(), "stale", began=1.0)
    (folder / "damaged.json").write_text("{")
    assert state.running() == []
    assert list(folder.iterdir()) == []


def test_health_asks_the_servers_themselves(folder: Path, tmp_path: Path) -> None:
    """Exit code 1 where nothing runs or a server does not answer, and what it is."""
    assert CliRunner().invoke(main, ["health"]).exit_code == 1
    assert not folder.exists(), "looking leaves no trace: in a container it is root who looks"
    with announced({}, tmp_path, {"JupyterLab": "http://127.0.0.1:9/api"}):
        said = CliRunner().invoke(main, ["health"])
    assert said.exit_code == 1
    assert "JupyterLab does not answer at http://127.0.0.1:9/api" in said.output


def test_containers_share_a_home_and_not_what_runs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container what runs stands outside of the home folder, whose other users count processes otherwise."""
    monkeypatch.setenv("JUPYTER_UTILS_PROFILE", "container")
    monkeypatch.setattr(state.tempfile, "tempdir", str(tmp_path / "of the container"))
    with announced({"JupyterLab": "http://here"}, tmp_path, {}):
        assert [one.urls for one in state.running()] == [{"JupyterLab": "http://here"}]
        assert not folder.exists()


def test_what_a_later_version_says_besides_is_passed_over(folder: Path) -> None:
    """And its file is left alone: its lab still needs it."""
    folder.mkdir(parents=True)
    write(folder, psutil.Process(), "later")
    file = folder / "later.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"new": 1}))
    assert [one.root_dir for one in state.running()] == ["/later"]
    assert file.exists()


@pytest.mark.usefixtures("folder")
def test_servers_that_were_started_again_are_counted(tmp_path: Path) -> None:
    """For `doctor`, from another process."""
    with announced({}, tmp_path, {}) as announcement:
        announcement.ended("MLflow", "was killed by signal 9")
        announcement.ended("MLflow", "ended with exit code 1")
        said = state.running()[0].ended["MLflow"]
    assert said == "ended with exit code 1, and is started again (2 times since this lab began)"
    assert state.running() == []
