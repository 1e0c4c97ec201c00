"""JupyterLab in a browser tab, used as its users do: menus, dialogs, the launcher, cells."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playwright.sync_api import Error
from playwright.sync_api import TimeoutError as NotInTime

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page, Response

CELL_LIMIT = 180_000
_MOST_NOTIFICATIONS = 20
NO_MLFLOW = "http://127.0.0.1:9"
"""Keeps the lab from starting an MLflow server, which has no part in these tests."""
"""Milliseconds in which a cell must end: importing what a researcher imports takes long on a cold disk."""
ERROR = "application/vnd.jupyter.error"


class LabPage:
    """JupyterLab in `page`."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._cells = 0

    def open(self, url: str) -> None:
        """Log in at the address that the launcher printed, and wait for the interface."""
        self.page.goto(url)
        self.page.locator(".jp-LauncherCard").first.wait_for()

    # ---- menus and dialogs ----

    def menu(self, *path: str) -> None:
        """Choose an entry of the menu bar: `menu("File", "New", "Notebook")`.

        Once more where the menu has closed: it does when an entry comes late, as languages do.
        """
        for limit in (10_000, 20_000):
            try:
                self._choose(path, limit)
            except NotInTime:
                for _ in path:
                    self.page.keyboard.press("Escape")
            else:
                return
        self._choose(path, None)

    def _choose(self, path: tuple[str, ...], limit: float | None) -> None:
        bar, *entries = path
        self.page.locator(".lm-MenuBar-item").filter(has_text=_exactly(bar)).click()
        for entry in entries[:-1]:
            self.menu_entry(entry).hover(timeout=limit)
        self.menu_entry(entries[-1]).click(timeout=limit)

    def menu_entry(self, label: str) -> Locator:
        """Find an entry of an open menu; three dots behind its name are not part of it."""
        found = self.page.locator(".lm-Menu-itemLabel").filter(has_text=_exactly(label))
        return self.page.locator(".lm-Menu-item").filter(has=found)

    @property
    def dialog(self) -> Locator:
        return self.page.locator(".jp-Dialog")

    def accept(self, label: str) -> None:
        """Press a button of the open dialog, and wait until that has closed."""
        self.dialog.locator(".jp-Dialog-button").filter(has_text=_exactly(label)).click()
        self.dialog.wait_for(state="detached")

    # ---- terminal, Git, files ----

    def run_in_terminal(self, *commands: str) -> None:
        """Open a terminal from the launcher and type commands; does not wait until they have ended."""
        self.page.locator(".jp-LauncherCard").filter(has_text=_exactly("Terminal")).click()
        self.page.locator(".jp-Terminal .xterm-screen").click()
        for command in commands:
            self.page.keyboard.type(command)
            self.page.keyboard.press("Enter")

    def clone(self, url: str) -> None:
        """Git > Clone a Repository, with the choices that the dialog comes with.

        Waits for the server's answer and the folder, not for the notification: that one may never change from
        "Cloning…", if the answer comes before the page has drawn it.
        """
        self.menu("Git", "Clone a Repository")
        self.dialog.get_by_label("URI of the remote Git repository").fill(url)
        with self.page.expect_response(_is_clone) as cloned:
            self.accept("Clone")
        assert cloned.value.ok, f"{cloned.value.status}: {cloned.value.text()}"
        self.file(url.rpartition("/")[2].removesuffix(".git")).wait_for()

    def save(self) -> None:
        """Press Ctrl+S, and wait until the server has the file."""
        with self.page.expect_response(_is_save) as saved:
            self.page.keyboard.press("Control+s")
        assert saved.value.ok, f"{saved.value.status}: {saved.value.text()}"

    def file(self, name: str) -> Locator:
        """Find a file or folder in the file browser."""
        return self.page.locator(".jp-DirListing-item").filter(has=self.page.get_by_text(name, exact=True))

    def enter(self, folder: str) -> None:
        """Go into a folder with the file browser."""
        self.file(folder).dblclick()
        self.page.locator(".jp-BreadCrumbs-item").filter(has_text=folder).wait_for()

    # ---- notebooks ----

    def new_untitled_notebook(self) -> None:
        """File > New > Notebook with the default kernel."""
        self.menu("File", "New", "Notebook")
        self.accept("Select")
        self.page.locator(".jp-Notebook .cm-content").wait_for()
        self.wait_kernel()
        self._cells = 0

    def new_notebook(self, name: str) -> None:
        """File > New > Notebook, then File > Rename Notebook."""
        self.new_untitled_notebook()
        self.menu("File", "Rename Notebook")
        self.dialog.get_by_role("textbox").fill(name)
        self.accept("Rename")
        self.file(name).wait_for()

    def wait_kernel(self) -> None:
        """Wait until the notebook has a kernel that waits for work; before, JupyterLab drops what is to be run."""
        self.page.locator(".jp-NotebookPanel-toolbar").get_by_text("Python 3").wait_for()
        self.page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()

    def run_cell(self, source: str) -> Locator:
        """Write into the last cell and press Shift+Enter; its output, once it has ended.

        Raises AssertionError with the traceback if the cell raised.
        """
        cell = self.page.locator(".jp-Notebook .jp-Cell").nth(self._cells)
        cell.locator(".cm-content").click()
        self.page.keyboard.insert_text(source)
        self.page.keyboard.press("Shift+Enter")
        self._cells += 1
        ended = cell.locator(".jp-InputPrompt").filter(has_text=re.compile(r"\[\d+\]:"))
        ended.wait_for(timeout=CELL_LIMIT)
        output = cell.locator(".jp-Cell-outputArea")
        error = output.locator(f'[data-mime-type="{ERROR}"]')
        if error.count():
            raise AssertionError(f"the cell raised:\n{error.first.inner_text()}")
        return output

    # ---- pictures ----

    def dismiss_notifications(self) -> None:
        """Close what lies over the corner of the page."""
        closing = self.page.locator(".Toastify__toast .jp-Notification-Toast-Close")
        for _ in range(_MOST_NOTIFICATIONS):
            if not closing.count():
                return
            with contextlib.suppress(Error):  # it has gone by itself
                closing.first.click(timeout=2_000)
            self.page.wait_for_timeout(300)

    def screenshot(self, path: Path) -> None:
        self.dismiss_notifications()
        self.page.screenshot(path=path)


def tile(page: Page, label: str) -> Locator:
    """Find a tile of the launcher."""
    return page.locator(".jp-LauncherCard").filter(has_text=re.compile(rf"^\s*{re.escape(label)}\s*$"))


def _is_clone(response: Response) -> bool:
    return urlsplit(response.url).path.endswith("/git/clone")


def _is_save(response: Response) -> bool:
    return response.request.method == "PUT" and "/api/contents/" in response.url


def _exactly(label: str) -> re.Pattern[str]:
    return re.compile(rf"^{re.escape(label)}(…|\.\.\.)?$")
