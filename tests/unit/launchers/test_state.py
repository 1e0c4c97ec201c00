"""Which labs run, as `jupyter-utils url` prints them."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import psutil
import pytest
from click.testing import CliRunner
from jupyter_utils.cli import main
from jupyter_utils.launchers import state

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the state in a folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "jupyter-utils" / "run"


def write(folder: Path, process: psutil.Process, name: str, began: float | None = None) -> None:
    began = process.create_time() if began is None else began
    content = {"pid": process.pid, "began": began, "urls": {"JupyterLab": f"http://{name}"}, "root_dir": f"/{name}"}
    (folder / f"{name}.json").write_text(json.dumps(content))


def test_all_running_labs_are_listed(folder: Path, tmp_path: Path) -> None:
    """Each with the directory that it shows, so that one can tell them apart."""
    with state.announced({"JupyterLab": "http://here/lab?token=x"}, tmp_path):
        write(folder, psutil.Process(os.getppid()), "other")
        said = CliRunner().invoke(main, ["url"]).output
    assert "http://here/lab?token=x" in said
    assert "http://other" in said
    assert "/other (process" in said
    assert not (folder / f"{os.getpid()}.json").exists()


def test_what_a_killed_lab_left_is_removed(folder: Path) -> None:
    """A process of the same number that began at another time is not it, and a damaged file says nothing."""
    assert state.running() == []
    write(folder, psutil.Process(), "stale", began=1.0)
    (folder / "damaged.json").write_text("{")
    assert state.running() == []
    assert list(folder.iterdir()) == []
