"""The Python examples of README and pages run as they stand, in a notebook, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import documents
import pytest
from calling import execute, write_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Repo, Runs

# What a reader has before the examples: data, a model, and runs.
BEFORE = """
from pathlib import Path

import jupyter_utils
import pandas as pd
import torch
from sklearn.linear_model import LogisticRegression

params, metrics = {"lr": 0.1}, {"f1": 0.9}
train_df = val_df = test_df = results_df = pd.DataFrame({"x": [0.0, 1.0], "y": [0, 1]})
model, network = LogisticRegression().fit(train_df[["x"]], train_df["y"]), torch.nn.Linear(2, 1)
Path("data").mkdir(exist_ok=True)
Path("data/corpus.txt").write_text("one\\ntwo\\n", encoding="utf-8")
before, after, result = [
    jupyter_utils.save_mlflow(
        "examples", metrics=metrics, dataset={"train.csv": train_df, "test.csv": test_df},
        model={"classifier.mdl": model},
    )
    for _ in range(3)
]
run_id = before.run_id
a, b, c = before.run_id, after.run_id, result.run_id
"""
# What stands for something of the reader's own.
PLACES = {'"0123456789abcdef0123456789abcdef"': "run_id"}


def examples(*pages: Path) -> list[str]:
    """Return the examples of pages, with what there is in the place of what stands for it."""
    found = [block.text for page in pages for block in documents.blocks(page, "python")]
    for standing, there in PLACES.items():
        found = [text.replace(standing, there) for text in found]
    return found


def all_pages(*, made: bool) -> list[Path]:
    """Return the English pages that docs/generate.py makes, or the others."""
    return [page for page, _ in documents.PAIRS if (page.name in documents.MADE) == made]


@pytest.mark.full
@pytest.mark.parametrize("made", [False, True], ids=["written", "made"])
def test_examples_run(made: bool, runs: Runs, repo: Repo) -> None:
    """None fails, and what they save is there; in Japanese they are the same, as tests/unit holds."""
    cells = examples(*all_pages(made=made))
    assert len(cells) >= 5
    file = write_notebook(repo.path / "examples.ipynb", BEFORE, *cells)
    before = runs.count("test_exp")
    execute(file, MLFLOW_TRACKING_URI=runs.uri)
    assert runs.count("test_exp") > before


def test_no_page_is_left_out() -> None:
    """Whatever has Python, but for other languages' pages and what contributors read, is run."""
    run = {*all_pages(made=False), *all_pages(made=True), *(japanese for _, japanese in documents.PAIRS)}
    assert [page for page in documents.PAGES if documents.blocks(page, "python") and page not in run] == []
