"""How long `save_mlflow` takes, beside the way of the program that it replaces and beside bare MLflow calls.

    python benchmarks/save_mlflow.py http://127.0.0.1:15000

Same data, same server, one process; each figure is the best of several runs, since other work on the machine only ever
adds to it. The limits are those of the project; the exit code is 1 when one is not kept.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import jupyter_utils
import mlflow
import numpy as np
import pandas as pd
from jupyter_utils.artifacts import writing
from sklearn.linear_model import LogisticRegression

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 1_000_000


def best(work: Callable[[], Any], times: int) -> float:
    """Give the shortest of several times, in seconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def report(what: str, ours: float, theirs: float, limit: float) -> bool:
    """Print one comparison; `limit` is the largest allowed share of ours in theirs."""
    kept = ours <= theirs * limit
    verdict = "kept" if kept else "NOT KEPT"
    line = f"{what}: {ours:.3f} s beside {theirs:.3f} s, {ours / theirs:.3f} of it; at most {limit:.3f}: {verdict}"
    sys.stdout.write(line + "\n")
    return kept


def mixed_frame(rows: int) -> pd.DataFrame:
    """Ten columns: numbers, Japanese text with commas, quotes and line feeds, dates, categories, missing values."""
    draw = np.random.default_rng(0)
    texts = ["吾輩は猫である。", "名前は,まだ無い", '彼は「はい」と"言った"', "一行目\n二行目"]
    return pd.DataFrame(
        {
            "id": np.arange(rows),
            "text": draw.choice(texts, rows),
            "score": draw.normal(size=rows),
            "loss": draw.random(rows).astype("float32"),
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(draw.integers(0, 10**7, rows), unit="s"),
            "right": draw.random(rows) > 0.5,
            "label": pd.Categorical(draw.choice(["正", "負"], rows)),
            "gaps": np.where(draw.random(rows) < 0.1, np.nan, draw.normal(size=rows)),
            "word": draw.choice(["猫", "犬", None], rows),
            "count": draw.integers(0, 100, rows),
        }
    )


def imports() -> bool:
    """Measure the import beside that of the libraries whose objects can be stored."""

    def run(code: str) -> float:
        bare = best(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), 5)
        return best(lambda: subprocess.run([sys.executable, "-c", code], check=True), 5) - bare

    ours = run("import jupyter_utils")
    theirs = run("import torch, lightgbm, sklearn, transformers, mlflow")
    return report("import jupyter_utils", ours, theirs, 1 / 40)


def csv(folder: Path) -> bool:
    """Measure a large frame as CSV beside pandas' own writer, and hold that both files are read alike."""
    frame = mixed_frame(ROWS)
    planned, _ = writing.plan("dataset", {"big.csv": frame})
    own = folder / "own.csv"
    ours = best(lambda: writing.write(planned[0], folder / "staged"), 3)
    theirs = best(lambda: frame.to_csv(own, index=False, encoding="utf-8-sig"), 2)
    pd.testing.assert_frame_equal(pd.read_csv(folder / "staged/dataset/big.csv"), pd.read_csv(own), check_exact=True)
    return report(f"a DataFrame of {ROWS:,} x 10 as CSV", ours, theirs, 1 / 8)


def call(folder: Path, uri: str) -> bool:
    """Measure a small call beside the same bare MLflow calls, and beside the replaced program's way."""
    params = {f"p{number}": number for number in range(20)}
    metrics = {f"m{number}": number / 10 for number in range(10)}
    frame = mixed_frame(1000)
    model = LogisticRegression().fit(frame[["id", "count"]], frame["right"])
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("benchmark")

    def bare() -> None:
        with mlflow.start_run():
            mlflow.log_params(params)
            mlflow.log_metrics(metrics)
            frame.to_csv(folder / "train.csv", index=False, encoding="utf-8-sig")
            mlflow.log_artifact(str(folder / "train.csv"), "dataset")
            joblib.dump(model, folder / "model.joblib")
            mlflow.log_artifact(str(folder / "model.joblib"), "model")

    def replaced() -> None:
        with tempfile.TemporaryDirectory() as dump, mlflow.start_run():
            mlflow.log_params(params)
            mlflow.log_metrics(metrics)
            (Path(dump) / "dataset").mkdir()
            (Path(dump) / "model").mkdir()
            frame.to_csv(Path(dump) / "dataset" / "train.csv", index=False, encoding="utf-8-sig")
            joblib.dump(model, Path(dump) / "model" / "model.joblib")
            shutil.copytree(dump, folder / "copy", dirs_exist_ok=True)
            mlflow.log_artifacts(str(folder / "copy"))

    def ours() -> None:
        jupyter_utils.save_mlflow(
            "benchmark",
            params=params,
            metrics=metrics,
            dataset={"train.csv": frame},
            model={"model.joblib": model},
            do_commit=False,
            mlf_uri=uri,
        )

    for warm_up in (bare, ours):
        warm_up()
    mine = best(ours, 10)
    kept = report("a small call beside bare MLflow", mine, best(bare, 10), 1.5)
    report("a small call beside the replaced program's way", mine, best(replaced, 10), 1.5)
    return kept


def main() -> int:
    """Run all three."""
    uri = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MLFLOW_TRACKING_URI", "http://127.0.0.1:15000")
    with tempfile.TemporaryDirectory() as folder:
        kept = [imports(), csv(Path(folder)), call(Path(folder), uri)]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
