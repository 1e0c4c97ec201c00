"""Pairings that need a program which is not here: nobody is offered them, and one that exists says what it needs."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from calling import write_notebook
from lab_page import LabPage

if TYPE_CHECKING:
    from servers import Started


def test_missing_programs(page: Any, repo_lab: Started) -> None:
    """Quarto and marimo are neither in the menu nor in the command palette; a notebook that has one names the cause."""
    file = write_notebook(repo_lab.root_dir / "paired.ipynb", "1")
    content = json.loads(file.read_text())
    content["metadata"]["jupytext"] = {"formats": "ipynb,qmd"}
    file.write_text(json.dumps(content))
    page.goto(f"{repo_lab.jupyter_url}/lab/workspaces/{uuid.uuid4().hex}/tree/paired.ipynb?token={repo_lab.token}")
    page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()
    lab = LabPage(page)
    page.locator(".lm-MenuBar-item").filter(has_text="File").click()
    lab.menu_entry("Jupytext").hover()
    lab.menu_entry("Pair Notebook with MyST Markdown").wait_for()
    for hidden in ("Pair Notebook with Quarto (qmd)", "Pair Notebook with Marimo Python script"):
        assert not lab.menu_entry(hidden).is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")

    page.keyboard.press("Control+Shift+c")
    page.locator(".lm-CommandPalette-input").fill("Pair with")
    shown = "\n".join(page.locator(".lm-CommandPalette-itemLabel").all_inner_texts())
    assert "Pair with myst md" in shown
    assert "qmd" not in shown
    assert "Marimo" not in shown
    page.keyboard.press("Escape")

    page.locator(".jp-Notebook .cm-content").first.click()
    page.keyboard.insert_text("2 + ")
    page.keyboard.press("Control+s")
    lab.dialog.wait_for()
    said = lab.dialog.inner_text()
    assert "quarto" in said
    assert "Unpair Current Notebook" in said
