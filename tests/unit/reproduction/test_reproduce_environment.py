"""Which Python runs a run again, what it inherits, and with which exit code the command ends."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from jupyter_utils.reproduction import conditions_now, interpreter, recorded_environment
from jupyter_utils.reproduction.command import run_command
from jupyter_utils.reproduction.folder import WorkFolder
from jupyter_utils.reproduction.job import job_of
from jupyter_utils.reproduction.original import Original, find_original
from jupyter_utils.reproduction.plan import Status
from jupyter_utils.reproduction.surroundings import Room, variables
from recorded_runs import notebook, recorded

FILES = {"one.ipynb": notebook("1 + 1")}


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def run(tmp_path: Path, store_path: str, records: dict[str, object] | None = None) -> Original:
    tags = {"jupyter_utils.store_path": store_path, "jupyter_utils.lock": "x", "jupyter_utils.overlay": "a==1"}
    return find_original(recorded(tmp_path, tmp_path, FILES, tags=tags, records=records))


def test_an_environment_that_is_in_the_store_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`jupyter-utils environment build RUN` puts it there."""
    here = str(Path(sys.prefix).resolve())
    if not here.startswith("/nix/store/"):
        pytest.skip("not run by the built environment's Python (./check does)")
    monkeypatch.setattr(interpreter, "built_environment", lambda: None)
    found = interpreter.interpreter(run(tmp_path, here))
    assert (found.path, found.is_recorded, found.is_here) == (f"{here}/bin/python", True, False)


@pytest.mark.parametrize("path", ["/tmp/evil", "/nix/store/../../tmp/evil", "/nix/store/" + "0" * 32 + "-gone"])
def test_no_other_path_is_taken_for_an_environment(tmp_path: Path, path: str) -> None:
    """A tag is anybody's word; what lies in the store, Nix has put there."""
    found = interpreter.interpreter(run(tmp_path, path))
    assert (found.path, found.is_recorded) == (sys.executable, False)


def test_a_recipe_that_cannot_be_built_makes_it_approximate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The present environment stands in for it, and the plan says why."""
    monkeypatch.setattr(recorded_environment, "found_nix", lambda: "/bin/nix")
    original = run(tmp_path, "/nix/store/" + "0" * 32 + "-gone", {"recipe.tar.gz": "no archive"})
    plan = job_of(original).plan
    assert plan["environment"].findings[0].status is Status.UNKNOWN
    with recorded_environment.environment(original, plan, None, lambda _: None) as (python, told):
        assert python.path == sys.executable
    assert told["environment"].status is Status.APPROXIMATE
    assert "could not be built" in told["environment"].findings[0].reason
    assert not list((tmp_path / "cache" / "jupyter-utils" / "reproductions").iterdir())


def test_what_the_kernel_inherits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads as they were, an MLflow of its own, and nothing that logs in anywhere."""
    for name in ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "JUPYTER_TOKEN", "JUPYTER_UTILS_STORE"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("PYTHONHASHSEED", "5")
    machine = {"variables": {"OMP_NUM_THREADS": "2", "LD_PRELOAD": "/evil.so"}}
    original = run(tmp_path, "", {"machine.json": machine})
    folder = WorkFolder(tmp_path / "work")
    folder.jupyter.mkdir(parents=True)
    found = variables(original, folder, tmp_path / "one.ipynb", interpreter.interpreter(original))
    assert "secret" not in found.values()
    assert found["OMP_NUM_THREADS"] == "2"
    assert "PYTHONHASHSEED" not in found
    assert "LD_PRELOAD" not in found
    assert found["JUPYTER_UTILS_REPRODUCES"] == original.id
    assert found["MLFLOW_TRACKING_URI"].startswith("sqlite:////")


def test_what_was_laid_out_is_seen_at_its_old_place(tmp_path: Path) -> None:
    """Unless that holds what we need ourselves, such as the home folder."""
    folder, old = WorkFolder(tmp_path / "work"), tmp_path / "old"
    for place in (old, folder.place(old), folder.place(Path.home()), folder.place(tmp_path / "gone")):
        place.mkdir(parents=True, exist_ok=True)
    shut = Room("bwrap").showing(folder, [old, Path.home(), tmp_path / "gone"])
    command = shut.command(["python"], folder)
    assert shut.over == ((folder.place(old), old),)
    assert command[-5:] == ["--bind", str(folder.place(old)), str(old), "--", "python"]
    assert Room(None, "none").command(["python"], folder) == ["python"]


def test_gpus_count_only_where_torch_used_them() -> None:
    before = {"gpus": [{"name": "H100"}], "torch": None}
    assert list(conditions_now._machine(before, {})) == []


def test_the_command_never_ends_like_a_run_that_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that is not there is 3, and so is whatever else goes wrong."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    assert run_command("0" * 32) == 3
    assert "0" * 32 in capsys.readouterr().err
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "htp://x")
    assert run_command("0" * 32) == 3
