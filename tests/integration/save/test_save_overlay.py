"""What a run says of the packages that `%pip` had added: from it alone the overlay can be had again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import overlays
import package_index
import pytest
from jupyter_utils.environments.overlay import restore_overlay
from jupyter_utils.environments.overlay_record import read_record
from jupyter_utils.kernels.overlay import OVERLAY_VARIABLE, overlay_dir
from jupyter_utils.runs.records import overlay

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Repo, Runs


def save(runs: Runs, repo: Repo) -> Any:
    return runs.get(runs.save(experiment_name="overlay", notebook=repo.notebook).run_id)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a wheel by its name and a folder as it lies, and be a process of that lab; return the wheels' folder."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    offered = package_index.PackageIndex()
    offered.add_wheel("alpha", "1.0")
    for name, content in offered.files.items():
        (wheels / name).write_bytes(content)
    folder = overlays.make_project(tmp_path / "worked_on", "worked_on")
    done = overlays.pip(tmp_path, "install", "--no-index", "--find-links", wheels, "alpha", "-e", folder)
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv(OVERLAY_VARIABLE, str(overlay_dir(tmp_path)))
    return wheels


def test_the_overlay_is_recorded_and_restored(runs: Runs, repo: Repo, installed: Path, tmp_path: Path) -> None:
    """All packages, those that are not exact by name; what is exact comes back."""
    run = save(runs, repo)
    assert run.data.tags["jupyter_utils.overlay"] == "alpha==1.0, worked_on==1.0"
    assert run.data.tags["jupyter_utils.drifted"] == "true"
    assert run.data.tags["jupyter_utils.overlay.inexact"] == "worked_on==1.0"
    record = read_record(runs.file(run.info.run_id, "jupyter_utils/overlay.json", tmp_path).read_text())
    restored = restore_overlay(record, tmp_path / "again", wheels=installed)
    assert [str(one) for one in restored.installed] == ["alpha==1.0"]
    assert [str(one) for one in restored.left] == ["worked_on==1.0"]


def test_without_an_overlay(runs: Runs, repo: Repo) -> None:
    """There is nothing to say."""
    run = save(runs, repo)
    assert "jupyter_utils/overlay.json" not in runs.files(run.info.run_id, "jupyter_utils")
    assert not [name for name in run.data.tags if name.startswith("jupyter_utils.overlay")]


@pytest.mark.usefixtures("installed")
def test_an_overlay_that_cannot_be_described(runs: Runs, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs the record of it, which the run says, and never the run."""

    def fail(_packages: object) -> str:
        raise RuntimeError("odd metadata")

    monkeypatch.setattr(overlay, "written", fail)
    tags = save(runs, repo).data.tags
    assert tags["jupyter_utils.overlay.unrecorded"] == "RuntimeError: odd metadata"


@pytest.mark.usefixtures("installed")
def test_a_broken_word_of_an_earlier_install(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """What the overlay kept is damaged: its packages are recorded as not exact."""
    for broken in ("", "[1]", json.dumps({"alpha": 1}), json.dumps({"alpha": {"sha256": 5, "record": 1}})):
        (overlay_dir(tmp_path) / "installed.json").write_text(broken)
        assert save(runs, repo).data.tags["jupyter_utils.overlay.inexact"] == "alpha==1.0, worked_on==1.0"
