"""How people name a run on a command line: by its id, a beginning of it, or the address of its page."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from jupyter_utils.cli import main
from jupyter_utils.errors import LoadError
from jupyter_utils.runs.sources import named_run
from jupyter_utils.spool import own_spool
from mlflow import MlflowClient
from recorded_runs import notebook, recorded

if TYPE_CHECKING:
    from pathlib import Path

FIRST, SECOND = f"abcd1{'0' * 27}", f"abcd2{'0' * 27}"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give a store with two runs whose ids begin alike."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    client = MlflowClient(uri)
    place = client.create_experiment("named")
    made = [client.create_run(place, int(time.time() * 1000), run_name=name).info.run_id for name in ("one", "two")]
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        for old, new in zip(made, (FIRST, SECOND), strict=True):
            database.execute("UPDATE runs SET run_uuid = ? WHERE run_uuid = ?", (new, old))
            database.execute("UPDATE tags SET run_uuid = ? WHERE run_uuid = ?", (new, old))
    return uri


@pytest.mark.parametrize(
    "name",
    [
        FIRST,
        "abcd1",
        "ABCD1",
        f" {FIRST}\n",
        f"http://127.0.0.1:15000/#/experiments/1/runs/{FIRST}",
        f"https://mlflow.example.org/prefix/#/experiments/1/runs/{FIRST}?workflowType=machine_learning",
        f"http://127.0.0.1:15000/#/experiments/1/runs/{FIRST}/artifacts?x=1",
    ],
)
def test_one_run_is_meant(name: str, store: str) -> None:
    assert named_run(name, store) == FIRST


def test_a_beginning_of_several_names_them(store: str) -> None:
    """Nobody chooses for the user; one that was deleted counts, since it may be the one that is meant."""
    with pytest.raises(LoadError, match="abcd is the beginning of 2 runs") as error:
        named_run("abcd", store)
    assert FIRST in str(error.value)
    assert "two" in str(error.value)
    MlflowClient(store).delete_run(SECOND)
    with pytest.raises(LoadError, match="deleted"):
        named_run("abcd", store)


def test_a_run_that_waits(tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its beginning names it, also where no server answers."""
    made = recorded(tmp_path, tmp_path, {"one.ipynb": notebook("1 + 1")})
    entries = own_spool().path / "entries"
    entries.mkdir(parents=True)
    made.rename(entries / made.name)
    assert named_run(made.name[:18], store) == made.name
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert named_run(made.name[:18]) == made.name


@pytest.mark.parametrize("command", [["show"], ["compare", FIRST], ["reproduce", "--check"], ["environment", "show"]])
@pytest.mark.parametrize("run", ["feed1", "f" * 32, "what I ran"])
@pytest.mark.usefixtures("store")
def test_a_wrong_one_gets_the_same_hint_everywhere(command: list[str], run: str) -> None:
    done = CliRunner().invoke(main, [*command, run], catch_exceptions=False)
    assert done.exit_code == (3 if command[0] in {"compare", "reproduce"} else 1), done.output
    assert run in done.output
    assert "first digits" in done.output
    assert "jupyter-utils sync --list" in done.output
