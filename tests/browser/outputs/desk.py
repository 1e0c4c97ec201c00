"""A notebook in a browser, for tests that open it, leave it and open it again."""

from __future__ import annotations

import contextlib
import json
import re
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calling import write_notebook
from notebook_tab import Notebook

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from servers import Started

READY = ".jp-Notebook-ExecutionIndicator[data-status='idle']"
LIMIT = 180.0
"""Seconds to wait for what a user waits for, on a machine that does other work too."""


@dataclass
class Desk:
    """A browser in which a notebook is opened and left."""

    browser: Any
    lab: Started
    name: str = field(default_factory=lambda: f"n-{uuid.uuid4().hex[:8]}.ipynb")
    pages: list[Any] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.lab.root_dir / self.name

    @property
    def go(self) -> Path:
        """What a cell that waits waits for."""
        return self.file.with_suffix(".go")

    @property
    def wait(self) -> str:
        """Source that waits for `go`."""
        return f"import pathlib, time\nwhile not pathlib.Path({self.go.name!r}).exists(): time.sleep(0.05)\n"

    def write(self, *cells: str) -> None:
        write_notebook(self.file, *cells)

    def open(self, *, ready: str | None = READY, tree: str = "lab") -> Notebook:
        page = self.browser.new_page()
        page.set_default_timeout(LIMIT * 1000)
        self.pages.append(page)
        at = f"lab/workspaces/{uuid.uuid4().hex}/tree" if tree == "lab" else "notebooks"
        page.goto(f"{self.lab.jupyter_url}/{at}/{urllib.parse.quote(self.name)}?token={self.lab.token}")
        page.locator(".jp-KernelName:has-text('Python 3')").wait_for()
        page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        if ready:
            page.locator(ready).first.wait_for()
        return Notebook(page)

    def save(self, notebook: Notebook) -> None:
        """Save, so that the file has what the page adds to it, too."""
        notebook.cell(0).locator(".cm-content").click()
        notebook.page.keyboard.press("Control+s")
        self.until(lambda: "language_info" in self.file.read_text())

    def leave(self, notebook: Notebook) -> None:
        """Close the tab, whatever it has not saved."""
        notebook.page.close(run_before_unload=False)

    def stored(self, number: int) -> dict[str, Any]:
        for _ in range(100):
            # Jupyter's server writes into the file itself, which is not whole for a moment.
            with contextlib.suppress(json.JSONDecodeError):
                cell: dict[str, Any] = json.loads(self.file.read_text())["cells"][number]
                return cell
            time.sleep(0.05)
        raise AssertionError("the file is no notebook")

    def stored_text(self, number: int) -> str:
        return text_of(self.stored(number)["outputs"])

    def until(self, what: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT
        while not what():
            assert time.monotonic() < deadline, f"not in time: {self.file.read_text()[-3000:]}"
            time.sleep(0.1)


def text_of(outputs: list[dict[str, Any]]) -> str:
    texts = []
    for one in outputs:
        shown = one.get("text") or one.get("data", {}).get("text/plain") or f"{one.get('ename')}: {one.get('evalue')}"
        texts.append("".join(shown))
    return "".join(texts)


def shows(notebook: Notebook, number: int, text: str) -> None:
    """Wait until a cell's outputs hold this text."""
    area = notebook.cell(number).locator(".jp-Cell-outputArea")
    area.filter(has_text=re.compile(re.escape(text))).wait_for()
