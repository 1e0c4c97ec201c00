"""A real browser for tests: the machine's own Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import servers
from browsers import ARGUMENTS, BROWSERS, LIMIT
from servers import Started

sys.path.insert(0, str(Path(__file__).parent))

from lab_page import NO_MLFLOW, LabPage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

SHOWN_CHARACTERS = 4000
"""How much of each log a failure shows."""


@dataclass
class Seen:
    """What a failure shows: the open profile, what its tabs' consoles said, and where pictures go."""

    context: BrowserContext
    pictures: Path
    console: list[str] = field(default_factory=list)

    def note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.console.append(f"{message.type}: {message.text}")

    def take_pictures(self, name: str) -> Iterator[str]:
        """Take one of each tab; says where they are."""
        for number, tab in enumerate(self.context.pages):
            path = self.pictures / f"{name}-{number}.png"
            try:
                tab.screenshot(path=path, timeout=10_000)
                yield f"{tab.url}: {path}"
            except Exception as error:  # noqa: BLE001 - the failure itself matters more than its picture
                yield f"{tab.url}: {error}"


SEEN = pytest.StashKey[Seen]()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start the browser, headless, once."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"no browser on the PATH: looked for {', '.join(BROWSERS)}")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder for screenshots; BROWSER_SCREENSHOTS names one to keep."""
    named = os.environ.get("BROWSER_SCREENSHOTS")
    folder = Path(named).absolute() if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def context(
    chromium: Browser, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserContext]:
    """Open one user's browser profile, kept for a module."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    context.set_default_timeout(LIMIT)
    seen = request.session.stash[SEEN] = Seen(context, tmp_path_factory.mktemp("failures"))
    context.on("console", seen.note)
    yield context
    del request.session.stash[SEEN]
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Open a tab; it and what it opened are closed after the test."""
    before = set(context.pages)
    yield context.new_page()
    for tab in set(context.pages) - before:
        tab.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show with a failure what the browser's console and the servers' logs said, and take a picture of each tab."""
    report = yield
    if report.failed and report.when in ("setup", "call"):
        if seen := item.session.stash.get(SEEN, None):
            report.sections.append(("browser console", "\n".join(seen.console)[-SHOWN_CHARACTERS:]))
            report.sections.append(("screenshots", "\n".join(seen.take_pictures(item.name))))
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, Started):
                report.sections += _logs(value)
    return report


def _logs(server: Started) -> list[tuple[str, str]]:
    files = [server.folder / "output.txt", *server.folder.glob("home/.local/state/jupyter-utils/log/*.log")]
    return [(path.name, path.read_text(encoding="utf-8", errors="replace")[-SHOWN_CHARACTERS:]) for path in files]


@pytest.fixture(scope="module")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """JupyterLab alone."""
    with servers.lab(tmp_path_factory.mktemp("jupyterlab"), MLFLOW_TRACKING_URI=NO_MLFLOW) as server:
        yield server


@pytest.fixture
def lab_page(jupyterlab: Started, page: Page) -> LabPage:
    """JupyterLab in a new tab, logged in, without what earlier tests had open."""
    lab_page = LabPage(page)
    lab_page.open(f"{jupyterlab.lab_url}&reset")
    return lab_page
