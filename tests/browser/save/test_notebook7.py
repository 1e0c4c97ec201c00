"""Notebook 7, another page for the same notebooks: what is committed is what the user sees, there too."""

from __future__ import annotations

import re
import subprocess
import urllib.parse
from typing import TYPE_CHECKING, Any

import kernels
import pytest
from lab_page import LabPage
from notebook_tab import Notebook

if TYPE_CHECKING:
    from servers import Started

SAVE = "import jupyter_utils\nr = jupyter_utils.save_mlflow('notebook 7', metrics={'f1': 0.9})\nr"
# It says "No Kernel" until one is chosen, and the indicator says "idle" meanwhile.
KERNEL = ".jp-KernelName:has-text('Python 3')"
READY = ".jp-Notebook-ExecutionIndicator[data-status='idle']"


def git(lab: Started, *args: str) -> str:
    command = ["git", "-C", lab.root_dir, "-c", "core.quotePath=false", *args]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_new_notebook_and_its_new_name(page: Any, repo_lab: Started) -> None:
    """A new notebook, text that was only typed, and a new name given to it while its kernel runs."""
    pytest.importorskip("notebook", reason="Notebook 7 is not installed")
    page.goto(f"{repo_lab.jupyter_url}/tree?token={repo_lab.token}")
    page.locator(".jp-DirListing-content").wait_for()
    with page.expect_popup() as popup:
        LabPage(page).menu("File", "New", "Notebook")
    tab = popup.value
    tab.set_default_timeout(180_000)
    tab.locator(".jp-Notebook .cm-content").first.wait_for()
    choice = tab.locator(".jp-Dialog-button.jp-mod-accept")
    tab.locator(f"{KERNEL}, .jp-Dialog-button.jp-mod-accept").first.wait_for()
    if choice.count():
        choice.click()  # which kernel: the one that the dialog comes with
    tab.locator(KERNEL).wait_for()
    tab.locator(READY).wait_for()
    name = urllib.parse.unquote(tab.url.partition("/notebooks/")[2].partition("?")[0])

    notebook = Notebook(tab)
    shown = notebook.run(0, SAVE)
    assert re.search(r"Run [0-9a-f]{32}", shown), shown
    assert "did not save" not in shown
    assert "save_mlflow('notebook 7'" in git(repo_lab, "show", f"HEAD:{name}")

    tab.locator(".jp-NotebookHeader, #jp-title h1, .jp-NotebookTitle").first.click()
    dialog = tab.locator(".jp-Dialog")
    dialog.get_by_role("textbox").fill("新しい 名前.ipynb")
    dialog.locator(".jp-mod-accept").click()
    dialog.wait_for(state="detached")
    while all(one["path"] != "新しい 名前.ipynb" for one in kernels.api(repo_lab, "GET", "api/sessions")):
        tab.wait_for_timeout(100)  # the dialog is gone before the server knows the name
    notebook.type(1, "typed = 'only typed, and not run'")
    notebook.start(0)
    shown = notebook.output(0, "2")
    assert "did not save" not in shown
    for file in ("新しい 名前.ipynb", "新しい 名前.py"):
        assert "only typed, and not run" in git(repo_lab, "show", f"HEAD:{file}")
    tab.close()
