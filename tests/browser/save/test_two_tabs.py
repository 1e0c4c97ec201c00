"""The same notebook in two tabs: what is committed is what the tab that runs the cell shows."""

from __future__ import annotations

import json
import subprocess
import urllib.parse
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from calling import write_notebook
from notebook_tab import Notebook

if TYPE_CHECKING:
    from servers import Started

SAVE = "import jupyter_utils\nr = jupyter_utils.save_mlflow('two tabs', params={'v': v}, metrics={'f1': 0.9})\nr"
READY = ".jp-Notebook-ExecutionIndicator[data-status='idle']"
TRIALS = 3


def git(lab: Started, *args: str) -> str:
    return subprocess.run(["git", "-C", lab.root_dir, *args], capture_output=True, text=True, check=True).stdout


def committed(lab: Started, name: str) -> list[str]:
    """Give the sources of the cells of the notebook in the last commit."""
    return ["".join(cell["source"]) for cell in json.loads(git(lab, "show", f"HEAD:{name}"))["cells"]]


def in_lab(lab: Started, name: str) -> str:
    return f"{lab.jupyter_url}/lab/workspaces/{uuid.uuid4().hex}/tree/{urllib.parse.quote(name)}?token={lab.token}"


def in_notebook7(lab: Started, name: str) -> str:
    pytest.importorskip("notebook", reason="Notebook 7 is not installed")
    return f"{lab.jupyter_url}/notebooks/{urllib.parse.quote(name)}?token={lab.token}"


def opened(page: Any, address: str) -> Notebook:
    page.set_default_timeout(180_000)
    page.goto(address)
    page.locator(".jp-KernelName:has-text('Python 3')").wait_for()
    page.locator(READY).first.wait_for()
    return Notebook(page)


@pytest.mark.parametrize("address", [in_lab, in_notebook7], ids=["lab", "notebook 7"])
def test_other_tab_with_an_older_copy(address: Any, page: Any, chromium: Any, repo_lab: Started) -> None:
    """The other tab's copy is not saved over it, nor anything else that the tab has open; no cell differs."""
    name = f"two tabs {address.__name__}.ipynb"
    write_notebook(repo_lab.root_dir / name, "v = 0", "v", SAVE)
    one = opened(page, address(repo_lab, name))
    other = chromium.new_page()
    try:
        opened(other, address(repo_lab, name))
        for trial in range(1, TRIALS + 1):
            one.type(0, f"v = {trial}")
            one.start(0)
            one.output(0, str(2 * trial - 1))
            one.start(2)
            shown = one.output(2, str(2 * trial))
            assert "did not save" not in shown, shown
            assert "does NOT hold" not in shown, shown
            assert committed(repo_lab, name)[0] == f"v = {trial}"
    finally:
        other.close()
