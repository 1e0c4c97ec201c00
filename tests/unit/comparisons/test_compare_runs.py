"""Runs that `save_mlflow` has stored, that wait, or that something else has logged; in a database without a server."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jupyter_utils
import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from jupyter_utils.cli import main
from jupyter_utils.errors import CompareError
from mlflow import MlflowClient
from mlflow.entities import Metric
from sklearn.linear_model import LogisticRegression

if TYPE_CHECKING:
    from jupyter_utils import SaveResult


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('store')}/mlflow.db"


@pytest.fixture
def uri(database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Name the one store, and give the test a cache and a folder of its own."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", database)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(Path(database.removeprefix("sqlite:///")).parent)
    return database


def saved(number: float, **more: Any) -> SaveResult:
    """Save a run whose values all depend on one number."""
    data, labels = np.arange(20.0).reshape(10, 2), np.arange(10) % 2
    linear = torch.nn.Linear(2, 1)
    with torch.no_grad():
        linear.weight.fill_(0.5)
        linear.bias.fill_(number)
    frame = pd.DataFrame({"id": range(5), "文": list("猫犬鳥魚馬"), "p": [0.1, 0.2, 0.3, 0.4, 0.5 + number]})
    arguments: dict[str, Any] = {
        "params": {"lr": 0.1, "number": number, "long": "長" * 7000 + str(number)},
        "metrics": {"f1": 0.9 + number, "inf": float("inf"), "count": 2**60 + int(number > 0)},
        "dataset": {"train.csv": frame, "train.parquet": frame, "t.txt": f"a\n{number}\n", "j.json": {"n": [number]}},
        "model": {
            "m.pt": linear,
            "m.safetensors": linear,
            "ckpt.pt": {"model": linear.state_dict(), "epoch": 3},
            "sk": LogisticRegression(C=1 + number).fit(data, labels),
            "sk.pkl": LogisticRegression(C=1 + number),
        },
        "result": {"a.npy": np.array([1.0, 2 + number]), "same.txt": "the same"},
    }
    return jupyter_utils.save_mlflow("compare", do_commit=False, **(arguments | more))


@pytest.fixture
def two(uri: str) -> tuple[SaveResult, SaveResult]:
    assert uri
    return saved(0.0), saved(0.001)


def test_every_kind_of_value(two: tuple[SaveResult, SaveResult]) -> None:
    """By digest first; then by cell, by the largest difference, by line, by path."""
    found = jupyter_utils.compare(*two)
    said = {row.name: row.difference for row in found["artifacts"].rows}
    assert said == {
        "dataset/train.csv": "1 of 15 cells differ, in 1 of 3 columns; rows by the column 'id'",
        "dataset/train.parquet": "1 of 15 cells differ, in 1 of 3 columns; rows by the column 'id'",
        "dataset/t.txt": "1 line only in A, 1 only in B",
        "dataset/j.json": "1 of 1 values differ; farthest apart, by 0.001: n[0]",
        "model/m.pt": "1 of 2 values differ; farthest apart, by 0.001: bias[0]",
        "model/m.safetensors": "1 of 2 values differ; farthest apart, by 0.001: bias[0]",
        "model/ckpt.pt": "1 of 3 values differ; farthest apart, by 0.001: model.bias[0]",
        "model/sk": said["model/sk"],
        "model/sk.pkl": "by digest alone: pickle runs what is written in it (equal values may have other bytes)",
        "result/a.npy": "1 of 2 differ, at most by 0.001 (relative 0.0005), at [1]",
        "result/same.txt": "",
    }
    assert "values differ" in said["model/sk"]
    rows = {row.name: row for section in found.sections for row in section.rows}
    assert (rows["count"].verdict.value, rows["count"].b) == ("differs", str(2**60 + 1))
    assert (rows["inf"].verdict.value, rows["inf"].a) == ("same", "inf")
    assert rows["long"].verdict == "differs"
    near = jupyter_utils.compare(*two, {"*": "abs:2"})
    far = {row.name for row in near["artifacts"].rows if row.verdict == "differs"}
    assert far == {"dataset/t.txt", "model/sk.pkl"}


def test_the_same_values_again(two: tuple[SaveResult, SaveResult]) -> None:
    """A second run is the same; skops writes the time into its file, not into the values."""
    again = saved(0.0, model={"sk": LogisticRegression().fit([[0.0], [1.0]], [0, 1])})
    once = saved(0.0, model={"sk": LogisticRegression().fit([[0.0], [1.0]], [0, 1])})
    found = jupyter_utils.compare(once, again)
    assert (found.verdict.value, found.exit_code) == ("same", 0)
    assert jupyter_utils.compare(two[0], two[0].run_id).exit_code == 0
    for name in ("packages", "system", "machine"):
        assert found[name].counts["differs"] == 0


def test_a_run_that_waits(two: tuple[SaveResult, SaveResult]) -> None:
    """Is compared from the spool, by its id and by its folder; nothing is sent."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        waiting = saved(0.0, mlf_uri=f"http://127.0.0.1:{free.getsockname()[1]}")
    assert waiting.entry
    for way in (waiting, waiting.entry.name, waiting.entry):
        assert jupyter_utils.compare(two[0], way).verdict == "same"
        assert jupyter_utils.compare(way, two[1]).verdict == "differs"
    assert waiting.entry.is_dir()


def test_runs_that_are_not_there(two: tuple[SaveResult, SaveResult], uri: str, tmp_path: Path) -> None:
    """A wrong id, a deleted run, no server, no folder of an entry: a clear error each, and exit code 3."""
    deleted = saved(0.0)
    MlflowClient(uri).delete_run(str(deleted.run_id))
    cases: list[tuple[Any, str]] = [
        ("0" * 32, "0{32}"),
        ("000000000000001-0123456789abcdef", "waits in .* no more"),
        (deleted, "was deleted in MLflow"),
        (tmp_path, "cannot be read"),
        (3, "run_id is 3"),
    ]
    for other, words in cases:
        with pytest.raises(CompareError, match=words):
            jupyter_utils.compare(two[0], other)
    with pytest.raises(CompareError, match="does not answer"):
        jupyter_utils.compare(two[0].run_id, two[1].run_id, mlf_uri="http://127.0.0.1:9")
    for words in (["0" * 32, str(two[0].run_id)], [str(two[0].run_id)] * 2 + ["--tolerance", "f1"]):
        done = CliRunner().invoke(main, ["compare", *words])
        assert done.exit_code == 3, done.output
        assert "Error: " in done.output


def test_the_command(two: tuple[SaveResult, SaveResult], tmp_path: Path) -> None:
    """A table, a page and JSON; the exit code says whether they are the same."""
    ids = [str(one.run_id) for one in two]
    page, data = tmp_path / "レポート.html", tmp_path / "report.json"
    done = CliRunner().invoke(main, ["compare", *ids, "--html", str(page), "--json", str(data)])
    assert done.exit_code == 1, done.output
    assert "f1" in done.output
    assert "https://" not in page.read_text(encoding="utf-8")
    assert json.loads(data.read_text(encoding="utf-8"))["verdict"] == "differs"
    within = ["--tolerance", "f1=abs:0.01", "--tolerance", "count=abs:1", "--by", "metrics"]
    assert CliRunner().invoke(main, ["compare", *ids, *within]).exit_code == 0
    assert CliRunner().invoke(main, ["compare", *ids, "--by", "result"]).exit_code == 3
    printed = CliRunner().invoke(main, ["compare", ids[0], ids[0], "--json", "-"])
    assert json.loads(printed.output)["verdict"] == "same"
    assert CliRunner().invoke(main, ["compare", *ids, "--html", "/proc/nowhere/x.html"]).exit_code == 3


def logged(uri: str, values: dict[str, list[float]], file: str = "") -> str:
    """Make a run as MLflow's own functions do, with steps and without a manifest."""
    client = MlflowClient(uri)
    found = client.get_experiment_by_name("logged")
    experiment = found.experiment_id if found else client.create_experiment("logged")
    run = client.create_run(experiment).info.run_id
    for name, steps in values.items():
        client.log_batch(run, metrics=[Metric(name, value, step, step) for step, value in enumerate(steps)])
    if file:
        client.log_text(run, file, "notes/文.txt")
        client.log_dict(run, {"a": len(file)}, "x.json")
    return str(run)


def test_a_run_of_mlflows_own(uri: str) -> None:
    """By every step; files of which no digest is known are fetched and compared."""
    one = logged(uri, {"loss": [1.0, 0.5, 0.25], "f1": [0.1, 0.2]}, "a\n")
    other = logged(uri, {"loss": [1.0, 0.6, 0.25], "f1": [0.1, 0.2]}, "b\n")
    found = jupyter_utils.compare(one, other)
    rows = {row.name: row for section in found.sections for row in section.rows}
    assert (rows["loss"].verdict.value, rows["loss"].note) == ("differs", "1 of 3 steps differ")
    assert (rows["f1"].verdict.value, rows["f1"].note) == ("same", "all 2 steps")
    assert rows["notes/文.txt"].details[0].lines[-2:] == ("-a", "+b")
    assert rows["x.json"].verdict == "same"
    assert found["machine"].verdict == "unknown"


def test_many_steps_are_compared_as_long_as_there_is_time(uri: str) -> None:
    """What was left out is said, and the last values of all count."""
    values = {f"m{at}": [float(step) for step in range(500)] for at in range(20)}
    one, other = logged(uri, values), logged(uri, values)
    started = time.monotonic()
    section = jupyter_utils.compare(one, other, steps_seconds=0.1)["metrics"]
    assert time.monotonic() - started < 10
    assert section.verdict == "same"
    assert "of 20 metrics only the last values were compared" in section.notes[0]
    assert section.rows[-1].note == "last value only"
