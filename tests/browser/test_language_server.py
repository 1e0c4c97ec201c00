"""What JupyterLab says of code as one types it: completions and checks, in cells and in files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from lab_page import LabPage
    from playwright.sync_api import Locator, Page
    from servers import Started

pytestmark = [pytest.mark.usefixtures("chromium"), pytest.mark.full]
TABS = 5
"""How often one presses Tab: on a machine that does other work, too, the first answer comes late."""
# Nothing to find fault with in a notebook: imports where they are needed, unsorted, and a value as the last line.
TIDY = "import sys\nimport json\nvalue = json.dumps(sys.argv)\nvalue"


def write(page: Page, editor: Locator, text: str) -> None:
    """Put a text in the place of all that is in an editor, as a person types."""
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.type(text, delay=20)


def offered(page: Page) -> list[str]:
    """Press Tab, until something is offered; return the names."""
    items = page.locator(".jp-Completer:not(.lm-mod-hidden) .jp-Completer-item")
    for _ in range(TABS):
        page.keyboard.press("Tab")
        page.wait_for_timeout(6000)
        if items.count():
            break
    names = [text.split("\n")[0].split("(")[0] for text in items.all_inner_texts()]
    page.keyboard.press("Escape")
    return names


def wait_for_server(page: Page) -> None:
    """Wait until the language server has begun."""
    page.get_by_text("Fully initialized").wait_for()


def test_cell_is_completed_checked_and_timed(jupyterlab: Started, lab_page: LabPage, screenshots: Path) -> None:
    """A name that does not exist is told of; what is usual in notebooks is not. Nothing is left beside the notebook."""
    page = lab_page.page
    lab_page.new_untitled_notebook()
    lab_page.run_cell(TIDY)
    page.get_by_text(re.compile(r"Last executed at .* in \d+ms")).wait_for()
    wait_for_server(page)
    cell = page.locator(".jp-Notebook .jp-Cell").nth(1).locator(".cm-content")
    write(page, cell, "wrong = no_such_name\n")
    marks = page.locator(".jp-Notebook .cm-lintRange")
    marks.first.wait_for()
    page.screenshot(path=screenshots / "checks.png")
    assert marks.all_inner_texts() == ["no_such_name"]
    write(page, cell, "import json\njson.du")
    assert {"dump", "dumps"} <= set(offered(page))
    assert page.locator(".jp-Dialog").count() == 0
    assert list(jupyterlab.folder.rglob(".virtual_documents")) == []
    assert "All done!" not in "".join(file.read_text() for file in jupyterlab.home.glob(".local/state/**/*.log"))


def test_completions_come_while_the_kernel_computes(lab_page: LabPage) -> None:
    """While a model trains one writes the next cell; the language server answers alone."""
    page = lab_page.page
    lab_page.new_untitled_notebook()
    wait_for_server(page)
    page.locator(".jp-Notebook .jp-Cell .cm-content").first.click()
    page.keyboard.insert_text("import json, time\ntime.sleep(120)")
    page.keyboard.press("Shift+Enter")
    write(page, page.locator(".jp-Notebook .jp-Cell").nth(1).locator(".cm-content"), "json.du")
    assert {"dump", "dumps"} <= set(offered(page))
    assert page.locator('.jp-Notebook-ExecutionIndicator[data-status="busy"]').count() == 1


def test_file_is_completed(jupyterlab: Started, lab_page: LabPage) -> None:
    """In a .py file, too, which has no kernel."""
    page = lab_page.page
    (jupyterlab.root_dir / "helper.py").write_text("import json\n")
    lab_page.file("helper.py").dblclick()
    wait_for_server(page)
    write(page, page.locator(".jp-FileEditor .cm-content"), "import json\njson.du")
    assert {"dump", "dumps"} <= set(offered(page))
