"""MLflow's own web page in a browser tab."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page


class MlflowPage:
    """MLflow in `page`."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, url: str) -> None:
        """Open the server's address and choose the side of the interface that shows runs."""
        self.page.goto(url)
        self.page.get_by_text("Model training", exact=True).click()
        self.page.get_by_role("link", name="Model registry").wait_for()
        self.close_assistant()

    def close_assistant(self) -> None:
        """Close the panel that covers a third of the page on a first visit."""
        close = self.page.get_by_role("button", name="Close").and_(self.page.locator(":visible"))
        if close.count():
            close.last.click()

    def open_experiment(self, name: str) -> None:
        """Open an experiment of the first page and wait for its runs."""
        self.page.get_by_role("link", name=name, exact=True).first.click()
        self.runs.first.wait_for()

    @property
    def runs(self) -> Locator:
        """The runs in the experiment's table."""
        return self.page.locator("main a[href*='/runs/']")

    def open_run(self) -> None:
        """Open the newest run of the table."""
        self.runs.first.click()
        self.page.get_by_text("About this run").wait_for()
        self.page.get_by_text(re.compile(" loading$")).first.wait_for(state="detached")

    @property
    def text(self) -> str:
        """What the page shows, without the bar at its left."""
        return self.page.locator("main").inner_text()

    def open_artifacts(self) -> None:
        self.page.get_by_role("tab", name="Artifacts").click()

    def artifact(self, name: str) -> Locator:
        """Find a file or folder in the tree of artifacts, as far as that is unfolded."""
        return self.page.locator("main").get_by_text(name, exact=True).first

    def screenshot(self, path: Path) -> None:
        self.page.screenshot(path=path)
