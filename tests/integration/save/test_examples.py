"""The example notebooks run as they are."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from calling import execute

if TYPE_CHECKING:
    from conftest import Repo, Runs

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.ipynb"))


# The two differ in language only: one of them is enough for every day.
CASES = [pytest.param(path, id=path.name, marks=[pytest.mark.full] if ".en." in path.name else []) for path in EXAMPLES]


@pytest.mark.parametrize("example", CASES)
def test_example(example: Path, runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """Each example, copied into a repository, stores its run and loads it again."""
    file = repo.path / example.name
    shutil.copy(example, file)
    before = runs.count("docstrings")
    execute(file, MLFLOW_TRACKING_URI=runs.uri, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert runs.count("docstrings") == before + 1
    assert repo.committed() == [example.name]


def test_there_is_one_in_each_language() -> None:
    """English and Japanese."""
    assert [path.suffixes[0] for path in EXAMPLES] == [".en", ".ja"]
