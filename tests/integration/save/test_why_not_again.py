"""Twenty notebooks that do not give the same again, each for a reason that studies name: the card says it at once.

The kinds are those of Pimentel et al., "A Large-Scale Study About Quality and Reproducibility of Jupyter Notebooks"
(MSR 2019), Wang et al., "Restoring Execution Environments of Jupyter Notebooks" (ICSE 2021), and Samuel and Mietchen,
"Computational reproducibility of Jupyter notebooks from biomedical publications" (GigaScience 2024).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from calling import env, write_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Repo, Runs

SAVE = "r = jupyter_utils.save_mlflow('again'); print(r.inputs, *r.warnings, sep='\\n')"
# What runs is told apart from what the file holds: as in a browser where cells were deleted, edited, run in any order.
RUN = """
import sys, json, nbformat, nbclient
notebook = nbformat.read(sys.argv[1], 4)
notebook.cells = [nbformat.v4.new_code_cell(source) for source in json.load(sys.stdin)]
nbclient.NotebookClient(notebook, timeout=300, allow_errors=True).execute()
for cell in notebook.cells:
    for output in cell.outputs:
        print(output.get("text") or output.get("evalue") or "")
"""
START = "import jupyter_utils"


@dataclass
class Again:
    """A notebook, what ran of it where that is something else, and the words by which the card names the cause."""

    cells: list[str]
    said: str
    ran: list[str] | None = None
    settings: dict[str, str] = field(default_factory=dict)


CASES = {
    "hidden state: a cell that was deleted": Again(
        ["print(rate)"], r"1 cell ran that is not in the notebook", ["rate = 0.1", "print(rate)"]
    ),
    "undefined name: a variable of a cell that was renamed": Again(
        ["learning_rate = 0.1", "print(rate)"],
        r"not in the notebook",
        ["rate = 0.1", "learning_rate = 0.1", "print(rate)"],
    ),
    "a cell that was edited after it had run": Again(
        ["v = 2", "print(v)"], r"not in the notebook", ["v = 1", "print(v)"]
    ),
    "out of order": Again(
        ["x = y + 1", "y = 1", "x"], r"did not run once each from top to bottom", ["y = 1", "x = y + 1", "x"]
    ),
    "a cell that ran twice": Again(
        ["n = 0", "n += 1"], r"did not run once each from top to bottom", ["n = 0", "n += 1", "n += 1"]
    ),
    "a cell that was left out": Again(
        ["raise RuntimeError", "x = 1"], r"did not run once each from top to bottom", ["x = 1"]
    ),
    "changed helper": Again(["import util"], r"not in the commit: util\.py \(changed\)"),
    "helper in no commit": Again(["import extra"], r"not in the commit: extra\.py \(untracked\)"),
    "helper that was edited after its import": Again(
        ["import same", "_ = open('same.py', 'w').write('x = 0')"], r"same\.py \(changed\)"
    ),
    "a helper of another folder": Again(
        ["import sys; sys.path.insert(0, '../elsewhere')", "import far"], r"not in the commit: .*far\.py"
    ),
    "a script that %run runs": Again(["%run extra.py"], r"not in the commit: extra\.py"),
    "a file that exec runs": Again(["exec(open('extra.py').read())"], r"not in the commit: extra\.py"),
    "unseeded: scikit-learn's shuffle": Again(
        ["from sklearn.utils import shuffle; shuffle([1, 2])"], r"without a seed \(numpy\)"
    ),
    "unseeded: a new layer of torch": Again(["import torch; torch.nn.Linear(1, 1)"], r"without a seed \(torch\)"),
    "unseeded: random": Again(["import random; random.shuffle([1, 2, 3])"], r"without a seed \(random\)"),
    "changed data": Again(["text = open('data.csv').read()", "_ = open('data.csv', 'a').write('3\\n')"], r"data\.csv"),
    "data that is gone": Again(
        ["import pandas; pandas.read_csv('data.csv')", "import os; os.remove('data.csv')"], r"data\.csv"
    ),
    "absolute path": Again(["open('{elsewhere}/far.csv').read()"], r"outside of the repository: .*far\.csv"),
    "data beside the repository": Again(
        ["open('../elsewhere/far.csv').read()"], r"outside of the repository: .*far\.csv"
    ),
    "modules of the shell": Again(["import far"], r"PYTHONPATH", settings={"PYTHONPATH": "{elsewhere}:{package}"}),
}


@pytest.fixture
def place(repo: Repo, tmp_path: Path) -> Repo:
    """Add helpers (one committed, one edited since, one in no commit), data, and a folder beside the repository."""
    for name in ("same.py", "util.py", "data.csv"):
        (repo.path / name).write_text("x = 1\n" if name.endswith("py") else "a\n1\n", encoding="utf-8")
    repo.git("add", ".")
    repo.git("commit", "-qm", "helpers")
    (repo.path / "util.py").write_text("x = 2\n", encoding="utf-8")
    (repo.path / "extra.py").write_text("x = 3\n", encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "far.py").write_text("x = 4\n", encoding="utf-8")
    (elsewhere / "far.csv").write_text("a\n1\n", encoding="utf-8")
    return repo


@pytest.mark.full
@pytest.mark.parametrize("name", CASES)
def test_the_card_names_the_cause(name: str, runs: Runs, place: Repo, tmp_path: Path) -> None:
    """In words that a person can act on, before the run is stored."""
    recording = {"JUPYTER_UTILS_RECORD_CODE": "on", "JUPYTER_UTILS_RECORD_INPUTS": "on"}
    case, elsewhere = CASES[name], str(tmp_path / "elsewhere")
    package = env()["PYTHONPATH"]
    settings = {
        key: value.replace("{elsewhere}", elsewhere).replace("{package}", package)
        for key, value in case.settings.items()
    }
    cells = [START, *(one.replace("{elsewhere}", elsewhere) for one in case.cells), SAVE]
    ran = [START, *(one.replace("{elsewhere}", elsewhere) for one in case.ran or case.cells), SAVE]
    file = write_notebook(place.path / "n.ipynb", *cells)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUN, str(file)],
        input=json.dumps(ran),
        cwd=place.path,
        env=env(MLFLOW_TRACKING_URI=runs.uri) | recording | settings,
        text=True,
        capture_output=True,
        check=True,
    )
    assert re.search(case.said, done.stdout), done.stdout
