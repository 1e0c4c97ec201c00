"""`jupyter_utils.runs` and `jupyter-utils runs`: what is in MLflow and what waits, as a DataFrame and in a terminal."""

from __future__ import annotations

import csv
import io
import math
import pickle
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import jupyter_utils
import pandas as pd
import pytest
from calling import env, execute, write_notebook
from jupyter_utils.errors import ArgumentNameError, ExperimentError, ListingError, TrackingServerError
from odd_servers import silent

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Repo, Runs

DOWN = "http://127.0.0.1:9"


def command(folder: Path, uri: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `jupyter-utils runs`, in a folder without settings."""
    argv = [sys.executable, "-P", "-m", "jupyter_utils", "runs", *arguments]
    return subprocess.run(
        argv, cwd=folder, env=env(MLFLOW_TRACKING_URI=uri), capture_output=True, text=True, check=False
    )


def rows(page: str) -> list[list[str]]:
    """Return the cells of a shown table, without their markup."""
    lines = re.findall(r"<tr>(.*?)</tr>", page)
    return [[re.sub("<[^>]*>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line)] for line in lines]


def test_an_experiment(runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row a run, the newest first, with exact values; shown with links to the pages, and aligned in a terminal."""
    monkeypatch.chdir(tmp_path)
    made = [
        runs.save(
            experiment_name="一覧",
            run_name=f"run {at} <b>精度</b>",
            do_commit=False,
            params={"lr": f"0.{at}", "same": 1},
            metrics={"f1": 0.1234567891 * at, "loss": math.inf},
        )
        for at in range(3)
    ]
    table = jupyter_utils.runs("一覧", mlf_uri=runs.uri)
    assert isinstance(table, pd.DataFrame)
    assert list(table["run_id"]) == [one.run_id for one in reversed(made)]
    assert set(table["state"]) == {"finished"}
    assert list(table["metrics.f1"]) == [0.1234567891 * at for at in (2, 1, 0)]
    assert list(table["metrics.loss"]) == [math.inf] * 3  # MLflow itself has 1.797e308
    assert str(table["start_time"].dtype).endswith("UTC]")
    page = table._repr_html_()
    assert rows(page)[0] == [
        "run",
        "state",
        "started",
        "f1",
        "loss",
        "lr",
        "run_id",
    ]  # `same` tells no run from another
    assert "not shown: params.same" in page
    assert f'href="{made[0].url}"' in page
    assert "<b>精度" not in page
    done = command(tmp_path, runs.uri, "一覧")
    assert done.returncode == 0, done.stderr
    assert len({line.index("finished") + line.count("精") for line in done.stdout.splitlines()[1:]}) == 1
    assert made[2].run_id in done.stdout.splitlines()[1]
    read = list(csv.DictReader(io.StringIO(command(tmp_path, runs.uri, "一覧", "--csv").stdout)))
    assert [float(row["metrics.f1"]) for row in read] == list(table["metrics.f1"])


def test_what_pandas_does_with_it(runs: Runs, tmp_path: Path) -> None:
    """Sorted and filtered it keeps its links; what has no runs as rows any more is shown by pandas."""
    for at in (2, 1):
        runs.save(experiment_name="listed by pandas", run_name=f"r{at}", do_commit=False, metrics={"f1": at})
    table = jupyter_utils.runs("listed by pandas", mlf_uri=runs.uri)
    best = table[table["metrics.f1"] > 0].sort_values("metrics.f1", ascending=False).head(1)
    assert best._repr_html_().count("href=") == 1
    assert rows(best._repr_html_())[1][0] == "r2"
    assert table[["run_id"]]._repr_html_() == pd.DataFrame(table[["run_id"]])._repr_html_()
    assert table.T._repr_html_() == pd.DataFrame(table.T)._repr_html_()
    assert table.groupby("experiment")["metrics.f1"].mean().to_dict() == {"listed by pandas": 1.5}
    table.to_csv(tmp_path / "runs.csv", index=False)
    assert list(pd.read_csv(tmp_path / "runs.csv")["run_name"]) == ["r1", "r2"]
    assert pickle.loads(pickle.dumps(table))._repr_html_() == table._repr_html_()  # noqa: S301 - our own
    pd.testing.assert_frame_equal(pd.DataFrame(table), pd.DataFrame(table.copy()))


def test_what_waits(runs: Runs) -> None:
    """A run that MLflow does not have yet is in the list, with an id that `load_mlflow` takes; one row a run."""
    waiting = jupyter_utils.save_mlflow(
        "listed waiting", run_name="w", do_commit=False, metrics={"f1": 1}, mlf_uri=DOWN, params={"a": "1"}
    )
    assert waiting.entry is not None
    with pytest.warns(UserWarning, match=r"127\.0\.0\.1:9 does not answer .*: only what waits on this disk is listed"):
        table = jupyter_utils.runs("listed waiting", mlf_uri=DOWN)
    assert table[["run_name", "state", "run_id", "metrics.f1"]].to_numpy().tolist() == [
        ["w", "waiting", waiting.entry.name, 1.0]
    ]
    assert "not in MLflow yet: 1 (jupyter-utils sync)" in table._repr_html_()
    assert jupyter_utils.load_mlflow(str(table["run_id"][0]), DOWN).metrics == {"f1": 1}
    runs.save(experiment_name="listed waiting", run_name="here", do_commit=False)  # sends nothing to another server
    with pytest.warns(UserWarning, match="they wait for another MLflow: 1 run"):
        table = jupyter_utils.runs("listed waiting", mlf_uri=runs.uri)
    assert list(table["run_name"]) == ["here"]


def test_an_empty_list_says_what_is_known(runs: Runs, tmp_path: Path) -> None:
    """Not that there are no runs, where only this notebook has none, or nobody could be asked."""
    done = command(tmp_path, DOWN)
    assert "terminal of JupyterLab" in done.stderr
    assert "no runs" not in done.stderr
    runs.save(experiment_name="listed empty", do_commit=False)
    done = command(tmp_path, runs.uri, "--notebook", "nosuch.ipynb")
    assert "There are no runs of nosuch.ipynb" in done.stderr
    assert "no runs yet" not in done.stderr


def test_a_run_that_is_half_sent_is_one_row(runs: Runs, own_spool_dir: Path) -> None:
    """MLflow has a part of it, the spool the whole: that is one run, which waits."""
    result = runs.save(experiment_name="listed half", run_name="half", do_commit=False, metrics={"f1": 1})
    waiting = jupyter_utils.save_mlflow(
        "listed half", run_name="half", do_commit=False, metrics={"f1": 2}, mlf_uri=DOWN
    )
    assert waiting.entry is not None
    file = waiting.entry / "entry.json"
    stored = runs.get(result.run_id)
    begun = runs.client.create_run(stored.info.experiment_id, tags={"jupyter_utils.entry": waiting.entry.name})
    file.write_text(file.read_text(encoding="utf-8").replace(DOWN, runs.uri), encoding="utf-8")
    table = jupyter_utils.runs("listed half", mlf_uri=runs.uri)
    assert begun.info.run_id not in set(table["run_id"])
    assert table[["state", "metrics.f1"]].to_numpy().tolist() == [["waiting", 2.0], ["finished", 1.0]]
    assert own_spool_dir.exists()


def test_the_calling_notebook(runs: Runs, repo: Repo) -> None:
    """Without a name it is this notebook's runs, in all experiments, and no other's; by its path from elsewhere."""
    save = "import jupyter_utils; {} = jupyter_utils.save_mlflow('{}', run_name='{}', do_commit=False)"
    execute(
        write_notebook(repo.path / "other.ipynb", save.format("_", "listed a", "theirs")), MLFLOW_TRACKING_URI=runs.uri
    )
    ask = "t = jupyter_utils.runs(); print(list(t['run_name']), t['notebook'].nunique())"
    cells = [save.format("_", "listed a", "one"), save.format("_", "listed b", "two"), ask]
    said = execute(write_notebook(repo.path / "it's.ipynb", *cells), MLFLOW_TRACKING_URI=runs.uri)
    assert "['two', 'one'] 1" in said
    table = jupyter_utils.runs(notebook=repo.path / "it's.ipynb", mlf_uri=runs.uri)
    assert list(table["run_name"]) == ["two", "one"]
    assert list(jupyter_utils.runs("listed a", mlf_uri=runs.uri)["run_name"]) == ["one", "theirs"]
    assert list(jupyter_utils.runs("listed a", notebook=f"{repo.path}/it's.ipynb", mlf_uri=runs.uri)["run_name"]) == [
        "one"
    ]


def test_more_than_the_limit(runs: Runs) -> None:
    """It says that there are more, and takes more than one of MLflow's pages."""
    experiment = runs.client.create_experiment("listed many")
    for at in range(5):
        runs.client.create_run(experiment, run_name=f"r{at}", start_time=at + 1)
    with pytest.warns(UserWarning, match="more runs than the newest 3"):
        table = jupyter_utils.runs("listed many", limit=3, mlf_uri=runs.uri)
    assert list(table["run_name"]) == ["r4", "r3", "r2"]
    assert set(table["state"]) == {"running"}
    assert len(jupyter_utils.runs("listed many", limit=5, mlf_uri=runs.uri)) == 5


def test_pages_are_put_together(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where there are more than a thousand."""
    monkeypatch.setattr("jupyter_utils.tracking.search._PAGE", 2)
    experiment = runs.client.create_experiment("listed pages")
    for at in range(5):
        runs.client.create_run(experiment, run_name=f"r{at}", start_time=at + 1)
    assert list(jupyter_utils.runs("listed pages", mlf_uri=runs.uri)["run_name"]) == ["r4", "r3", "r2", "r1", "r0"]


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"experiment": 3}, ListingError, "experiment is 3"),
        ({"experiment": " "}, ListingError, "experiment is ' '"),
        ({"limit": 0}, ListingError, "limit is 0"),
        ({"limit": True}, ListingError, "limit is True"),
        ({"limit": "5"}, ListingError, "limit is '5'"),
        ({"notebook": 3}, ListingError, "notebook is 3"),
        ({"mlf_uri": 3}, ListingError, "mlf_uri is 3"),
        ({"mlf_uri": "htp://lab"}, TrackingServerError, "mlf_uri='htp://lab'"),
        ({"experimnt": "x"}, ArgumentNameError, "did you mean experiment="),
    ],
)
def test_wrong_arguments(given: dict[str, Any], error: type[Exception], said: str) -> None:
    """One error that names the argument; nothing is asked."""
    with pytest.raises(error, match=re.escape(said)):
        jupyter_utils.runs(**given)


def test_an_experiment_that_is_not_there(runs: Runs, tmp_path: Path) -> None:
    """Named, with the one that was meant; one that was deleted is said to be."""
    experiment = runs.client.create_experiment("listed once")
    with pytest.raises(
        ExperimentError, match=r"experiment='listed onc' is not in the MLflow .* did you mean 'listed once'"
    ):
        jupyter_utils.runs("listed onc", mlf_uri=runs.uri)
    runs.client.delete_experiment(experiment)
    with pytest.raises(ExperimentError, match="was deleted in MLflow"):
        jupyter_utils.runs("listed once", mlf_uri=runs.uri)
    done = command(tmp_path, runs.uri, "nothing of this name")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: experiment=")


def test_a_server_that_is_silent_holds_nobody_up() -> None:
    """What takes connections and never answers costs seconds, and is said."""
    with silent() as port:
        begun = time.monotonic()
        with pytest.warns(UserWarning, match="only what waits on this disk is listed"):
            assert jupyter_utils.runs("x", mlf_uri=f"http://127.0.0.1:{port}").empty
        assert time.monotonic() - begun < 15
