"""The page of a reproduction: what there was of the run stands before what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jupyter_utils
import pytest
from jupyter_utils.reproduction.plan import Plan, part
from jupyter_utils.reproduction.reproduced import Reproduction

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the folders of two runs that wait."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    saved = [jupyter_utils.save_mlflow("page", metrics={"f1": 0.5}, do_commit=False) for _ in range(2)]
    return [one.entry for one in saved if one.entry]


def test_the_plan_stands_at_the_pages_beginning(entries: list[Path]) -> None:
    """In its body, of which there is one, and no tag of it is shown as text."""
    comparison = jupyter_utils.compare(*entries)
    made = Reproduction("abc", "same", Plan("abc", (part("code", [], "1 file"),)), comparison).to_html()
    assert made.count("<body>") == 1
    assert "&lt;body" not in made
    assert made.index("<body>") < made.index("Run abc was run again: same") < made.index("<h1")
