"""What a run keeps of its code: never what is private, in notebooks of either kind and in their twins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from jupyter_utils.entries.entry import ARTIFACTS
from jupyter_utils.runs.records.code_files import record_code

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE = "%%private\nhidden = 'geheim'"


def kept(notebook: Path, entry: Path) -> dict[str, dict[str, Any]]:
    """Record a notebook's code, and give the rows of notebook and twins; nothing that is kept may hold the secret."""
    (entry / ARTIFACTS / "jupyter_utils").mkdir(parents=True)
    record_code(notebook, None, entry)
    own = entry / ARTIFACTS / "jupyter_utils"
    rows = json.loads((own / "code.json").read_text(encoding="utf-8"))["files"]
    # The tests' own modules are code that has run here, too.
    found = {row["path"]: row for row in rows if row["role"] in {"notebook", "twin"}}
    for path in found:
        file = own / "code" / path
        assert not file.exists() or "geheim" not in file.read_text(encoding="utf-8"), file
    return found


@pytest.mark.parametrize("private", [False, True])
def test_a_notebook_and_its_twin(private: bool, tmp_path: Path) -> None:
    """The notebook is kept without its private cells and what they show; the twin is named by its digest."""
    cells = [nbformat.v4.new_code_cell(PRIVATE if private else "x = 1"), nbformat.v4.new_code_cell("y = 1")]
    cells[0]["outputs"] = [nbformat.v4.new_output("stream", text="geheim" if private else "")]
    book = nbformat.v4.new_notebook(cells=cells, metadata={"jupytext": {"formats": "ipynb,py:percent"}})
    nbformat.write(book, tmp_path / "n.ipynb")
    hidden = "# %%private\n# hidden = 'geheim'" if private else "x = 1"
    (tmp_path / "n.py").write_text(f"# %%\n{hidden}\n\n# %%\ny = 1\n")
    found = kept(tmp_path / "n.ipynb", tmp_path / "entry")
    assert {path: row["kept"] for path, row in found.items()} == {"n.ipynb": True, "n.py": not private}
    text = (tmp_path / "entry" / ARTIFACTS / "jupyter_utils/code/n.ipynb").read_text()
    assert "y = 1" in text
    assert ("# not recorded" in text) == private


@pytest.mark.parametrize("private", [False, True])
def test_a_text_notebook(private: bool, tmp_path: Path) -> None:
    """Where cells begin and end in it is Jupytext's business: with private cells it is named by its digest."""
    hidden = "# %%private\n# hidden = 'geheim'" if private else "x = 1"
    (tmp_path / "n.py").write_text(f"# %%\n{hidden}\n\n# %%\ny = 1\n")
    (row,) = kept(tmp_path / "n.py", tmp_path / "entry").values()
    assert row["kept"] is not private
    assert private == ("left_out" in row)


def test_parameters_that_papermill_has_noted(tmp_path: Path) -> None:
    """They stand in the notebook's metadata as well."""
    noted = {"parameters": {"api_key": "geheim", "lr": 0.5, "db": {"password": "geheim"}}}
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")], metadata={"papermill": noted})
    nbformat.write(book, tmp_path / "n.ipynb")
    (row,) = kept(tmp_path / "n.ipynb", tmp_path / "entry").values()
    assert (row["kept"], row["masked"]) == (True, True)
