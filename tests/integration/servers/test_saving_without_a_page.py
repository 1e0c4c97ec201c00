"""`save_mlflow` in a cell whose page is gone."""

from __future__ import annotations

import json
import subprocess
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from away import SLOW, left
from mlflow import MlflowClient

if TYPE_CHECKING:
    from pathlib import Path

    from away import Page
    from servers import Started

pytestmark = pytest.mark.full

SAVING = (
    SLOW
    + """
import jupyter_utils, json, pathlib
r = jupyter_utils.save_mlflow("no page", metrics={"f1": 0.9})
pathlib.Path("told.part").write_text(json.dumps([r.run_id, r.commit, r.warnings]))
pathlib.Path("told.part").rename("told")
r"""
)


def new_repository(lab: Started) -> Path:
    folder = lab.root_dir / f"repo-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    git(folder, "init", "-q")
    git(folder, "config", "user.name", "T")
    git(folder, "config", "user.email", "t@example.org")
    return folder


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True, text=True).stdout


def saved(lab: Started, page: Page) -> tuple[dict[str, Any], str, dict[str, str]]:
    """Return the cell that was committed, the warnings and the run's tags, once all is there."""
    folder = page.file.parent
    page.until((folder / "told").exists)
    run, commit, warnings = json.loads((folder / "told").read_text())
    assert commit == git(folder, "rev-parse", "HEAD").strip()
    tags = MlflowClient(lab.mlflow_url).get_run(run).data.tags
    assert tags["mlflow.source.git.commit"] == commit
    cell: dict[str, Any] = json.loads(git(folder, "show", f"{commit}:./{page.file.name}"))["cells"][0]
    return cell, "\n".join(warnings), tags


@pytest.mark.parametrize("typed", [False, True], ids=["as saved", "only typed"])
def test_the_page_was_gone(lab: Started, typed: bool) -> None:
    """What is committed has the sources and the outputs that ran, or the run says that it does not."""
    folder = new_repository(lab)
    page = left(lab, SAVING, f"{SAVING}\n# typed" if typed else None, folder=f"{folder.name}/")
    cell, told, tags = saved(lab, page)
    assert "".join(cell["source"]) == SAVING
    if typed:
        assert "does NOT hold" in told
        assert cell["outputs"] == []
        assert tags["jupyter_utils.ran.differs"] == "true"
    else:
        assert cell["outputs"][0]["text"] == ["before\n"]
        assert "NOT" not in told
        assert tags["jupyter_utils.order"] == "linear"
        assert tags["jupyter_utils.ran.differs"] == "false"
    page.until(lambda: page.stored().startswith("before\n") != typed)
