"""What a user meets in JupyterLab besides the main story."""

from __future__ import annotations

import re
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
import servers
from lab_page import NO_MLFLOW, LabPage

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page
    from servers import Started

# First of all: without a browser no server need be started.
pytestmark = pytest.mark.usefixtures("chromium")


def test_a_wrong_token_is_refused(jupyterlab: Started, page: Page) -> None:
    """Without the printed token one gets a page that asks for it, and no JupyterLab."""
    page.context.clear_cookies()
    for query in ("", "?token=0123456789abcdef"):
        page.goto(f"{jupyterlab.jupyter_url}/lab{query}")
        page.get_by_text("Token authentication is enabled").wait_for()
        assert page.locator(".jp-LabShell").count() == 0


def test_the_token_can_be_typed_in(jupyterlab: Started, page: Page) -> None:
    """The page that asks for the token takes the printed one."""
    page.context.clear_cookies()
    page.goto(f"{jupyterlab.jupyter_url}/lab")
    page.get_by_label("Password or token").fill(jupyterlab.token)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.locator(".jp-LauncherCard").first.wait_for()


def test_a_fresh_home_is_asked_nothing(lab_page: LabPage) -> None:
    """No question about news on the first visit, and none for a name when an untitled notebook is saved."""
    page = lab_page.page
    lab_page.new_untitled_notebook()
    lab_page.run_cell("6 * 7")
    lab_page.save()
    page.wait_for_timeout(3000)  # what must not come has nothing to wait for
    assert lab_page.dialog.count() == 0
    toasts = page.locator(".Toastify__toast")
    assert toasts.count() == 0, toasts.all_inner_texts()


def test_nothing_can_be_installed_by_the_extension_manager(lab_page: LabPage) -> None:
    """The environment is what the lock says: the extension manager lists, and offers no installation."""
    page = lab_page.page
    page.get_by_role("tab", name="Extension Manager").click()
    panel = page.locator(".jp-extensionmanager-view")
    panel.get_by_text(re.compile("read-only manager", re.IGNORECASE)).first.wait_for()
    panel.get_by_role("button", name="Yes", exact=True).click()
    panel.get_by_text("@jupyterlab/git", exact=True).wait_for()
    offers = panel.get_by_role("button").all_inner_texts()
    assert "Disable" in offers
    assert not {"Install", "Uninstall", "Update"} & {offer.strip() for offer in offers}


def test_japanese_text_in_figures_has_glyphs(lab_page: LabPage) -> None:
    """A figure with Japanese labels is drawn without a word about missing glyphs, with no setting of one's own."""
    if not sys.prefix.startswith("/nix/store/"):
        pytest.skip("only the built environment brings a Japanese font")
    lab_page.new_notebook("figure.ipynb")
    output = lab_page.run_cell("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('学習曲線と精度');")
    output.locator("img").wait_for()
    assert "missing" not in output.inner_text()


def test_pip_install_in_a_cell_works(lab_page: LabPage, tmp_path: Path) -> None:
    """`%pip install` of one's own package: the next cell imports it, though the environment is read-only."""
    wheel = tmp_path / "own_package-1.0-py3-none-any.whl"
    info = "own_package-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("own_package.py", "greeting = 'こんにちは'\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: own-package\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    lab_page.new_notebook("install.ipynb")
    output = lab_page.run_cell(f"%pip install --no-index {wheel}")
    assert "Successfully installed own-package-1.0" in output.inner_text()
    assert "こんにちは" in lab_page.run_cell("import own_package\nown_package.greeting").inner_text()


def test_the_interface_speaks_japanese(tmp_path: Path, page: Page, screenshots: Path) -> None:
    """Settings > Language > Japanese reloads the page with a Japanese interface."""
    with servers.lab(tmp_path, MLFLOW_TRACKING_URI=NO_MLFLOW) as server:
        lab_page = LabPage(page)
        lab_page.open(server.lab_url)
        lab_page.menu("Settings", "Language", "Japanese (Japan) - 日本語 (日本)")
        lab_page.accept("Change and reload")
        page.locator(".lm-MenuBar-item").filter(has_text="カーネル").wait_for()
        page.locator(".jp-LauncherCard").filter(has_text="ターミナル").wait_for()
        lab_page.screenshot(screenshots / "japanese.png")
