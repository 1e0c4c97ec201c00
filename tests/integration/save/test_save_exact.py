"""Over a real server: what MLflow or a file would change comes back as it was, or one is told."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import jupyter_utils
import numpy as np
import pandas as pd
import pytest
from jupyter_utils import errors

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Repo, Runs


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the test a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def save(runs: Runs, repo: Repo, **arguments: Any) -> Any:
    return runs.save(experiment_name="exact", notebook=repo.notebook, do_commit=False, **arguments)


def test_metrics(runs: Runs, repo: Repo) -> None:
    """Infinities, NaN, large integers and decimals come back; MLflow gets the nearest that it holds, with a word."""
    metrics = {
        "inf": math.inf,
        "low": -math.inf,
        "large": 2**53 + 1,
        "price": Decimal("0.1"),
        "long": np.longdouble(1) / 3,
        "f1": 0.1,
        "single": np.float32(0.1),
    }
    saved = save(runs, repo, metrics={**metrics, "nan": math.nan})
    loaded = jupyter_utils.load_mlflow(saved.run_id, runs.uri).metrics
    assert math.isnan(loaded.pop("nan"))
    assert loaded == metrics
    (said,) = [text for text in saved.warnings if "metrics" in text]
    assert "inf = inf" in said
    assert "f1" not in said
    assert runs.get(saved.run_id).data.metrics["large"] == 2**53


def test_params(runs: Runs, repo: Repo) -> None:
    """An array is whole, beside the run where it is too long for MLflow; a function is its name."""
    saved = save(runs, repo, params={"seeds": np.arange(5000), "act": np.tanh, "size": np.arange(3)})
    assert jupyter_utils.load_mlflow(saved.run_id, runs.uri).params == {
        "seeds": str(list(range(5000))),
        "act": "numpy.tanh",
        "size": "[0, 1, 2]",
    }
    assert "cut" in runs.get(saved.run_id).data.params["seeds"]


def test_names_and_unusual_frames(runs: Runs, repo: Repo) -> None:
    """Files are what their names say, what cannot be restored is told, and refusals come before anything is written."""
    binned = pd.DataFrame({"bin": pd.cut([1, 2, 3], 2), "n": [1, 2, 3]}, index=[5, 6, 7])
    report = {"正": {"f1": 0.5}, "accuracy": 0.5}
    dataset = {
        "a.csv": binned,
        "b.xlsx": pd.DataFrame({"a": [1]}),
        "c.csv.gz": binned,
        "r.csv": report,
        "n.csv": "nb.ipynb",
    }
    saved = save(runs, repo, dataset=dataset)
    loaded = jupyter_utils.load_mlflow(saved.run_id, runs.uri).dataset
    for key in ("a.csv", "b.xlsx", "c.csv.gz"):
        pd.testing.assert_frame_equal(loaded[key], dataset[key])
    assert loaded["r.csv"] == report
    assert sum("reset_index()" in text for text in saved.warnings) == 2
    before = runs.count("exact")
    with pytest.raises(errors.ArtifactValueError, match=r"dataset\['x\.h5'\].* name it \.csv"):
        save(runs, repo, dataset={"x.h5": binned})
    assert runs.count("exact") == before


def test_protected_folder(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """Raw data that nobody may write to is saved, and comes back so."""
    raw = tmp_path / "raw"
    (raw / "inner").mkdir(parents=True)
    (raw / "inner" / "a.csv").write_text("a")
    for path, mode in ((raw / "inner" / "a.csv", 0o444), (raw / "inner", 0o555), (raw, 0o555)):
        path.chmod(mode)
    back = jupyter_utils.load_mlflow(save(runs, repo, dataset={"raw": raw}).run_id, runs.uri).dataset["raw"]
    assert [one.stat().st_mode & 0o777 for one in (back, back / "inner", back / "inner" / "a.csv")] == [
        0o555,
        0o555,
        0o444,
    ]
