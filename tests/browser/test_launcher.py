"""A newcomer's way: tiles, Help menu and palette lead to a first run, to MLflow's pages and to a guide."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING

import pytest
import servers
from lab_page import CELL_LIMIT, LabPage, tile

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page
    from servers import Started

pytestmark = pytest.mark.usefixtures("chromium")
EXAMPLES = resources.files("jupyter_utils") / "examples"
# Of the interface in each language: the tiles, then the menu entries that lead on.
ENGLISH = {
    "first": "A First Run",
    "guide": "Guide",
    "run": ("Run", "Run All Cells"),
    "help": "Help",
    "mine": "Runs of This Notebook",
    "save": "Save a Run",
    "heading": "Runs, from saving to repeating",
}
JAPANESE = {
    "first": "はじめてのラン",
    "guide": "ガイド",
    "run": ("実行", "すべてのセルを実行"),
    "help": "ヘルプ",
    "mine": "このノートブックのラン",
    "save": "ランを保存するセルを挿入",
    "heading": "ランの保存から再実行まで",
}


# Tells of everything that a person does in a page.
TOLD = """for (const kind of ["mousedown", "keydown"]) {
  addEventListener(kind, (event) => { if (event.isTrusted) { told(kind); } }, true);
}"""
MOST_CLICKS = 6


def test_the_tiles(lab: Started, page: Page) -> None:
    """MLflow opens in a tab behind JupyterLab's address; the guide opens beside the launcher; neither asks anything."""
    lab_page = LabPage(page)
    lab_page.open(f"{lab.lab_url}&reset")
    tile(page, ENGLISH["first"]).locator("img").wait_for()
    with page.expect_popup() as opened:
        tile(page, "MLflow").click()
    opened.value.get_by_role("link", name="Experiments").first.wait_for()
    assert opened.value.url.startswith(f"{lab.jupyter_url}/mlflow/#/")
    tile(page, ENGLISH["guide"]).click()
    page.get_by_role("heading", name=ENGLISH["heading"]).wait_for()
    assert lab_page.dialog.count() == 0


@pytest.mark.full
@pytest.mark.parametrize(("locale", "words"), [("default", ENGLISH), ("ja_JP", JAPANESE)], ids=["en", "ja"])
def test_from_the_printed_address_to_a_run_in_mlflow(
    locale: str, words: dict[str, str], page: Page, tmp_path: Path, screenshots: Path
) -> None:
    """In a few clicks and without a letter typed: the tile, the menu's Run and Run All, and the link of the card."""
    if not EXAMPLES.is_dir():
        pytest.skip("this package has no examples")
    folder = tmp_path / "home" / ".jupyter" / "lab" / "user-settings" / "@jupyterlab" / "translation-extension"
    folder.mkdir(parents=True)
    (folder / "plugin.jupyterlab-settings").write_text(json.dumps({"locale": locale}), encoding="utf-8")
    done: list[str] = []
    page.expose_function("told", lambda kind: done.append(kind))  # noqa: PLW0108 - it marks its functions
    page.add_init_script(TOLD)
    with servers.lab(tmp_path) as server:
        lab_page = LabPage(page)
        lab_page.open(server.lab_url)
        lab_page.screenshot(screenshots / f"launcher-{locale}.png")
        tile(page, words["first"]).click()
        lab_page.wait_kernel()
        lab_page.screenshot(screenshots / f"first-run-{locale}.png")
        lab_page.menu(*words["run"])
        link = page.locator("a.jupyter-utils-page")
        link.wait_for(timeout=CELL_LIMIT)
        with page.expect_popup() as opened:
            link.click()
        opened.value.get_by_text("baseline_accuracy").first.wait_for(timeout=CELL_LIMIT)
        assert 0 < len(done) <= MOST_CLICKS, done
        assert "keydown" not in done
        assert f"{server.jupyter_url}/mlflow/#/experiments/" in opened.value.url
        opened.value.screenshot(path=screenshots / f"run-{locale}.png")
        assert (server.root_dir / "first_run.ipynb").is_file()
        _and_on(lab_page, words, server, screenshots / f"notebook-runs-{locale}.png")


def _and_on(lab_page: LabPage, words: dict[str, str], server: Started, picture: Path) -> None:
    """Go on as one does: this notebook's runs, a cell that saves, and another first run beside the one that ran."""
    page = lab_page.page
    lab_page.wait_kernel()
    with page.expect_popup() as opened:
        lab_page.menu(words["help"], words["mine"])
    opened.value.get_by_text("tf-idf").first.wait_for(timeout=CELL_LIMIT)
    opened.value.screenshot(path=picture)
    lab_page.menu(words["help"], words["save"])
    cell = page.locator(".jp-Notebook .jp-Cell").last
    cell.get_by_text('experiment_name="first_run"').wait_for()
    assert cell.locator(".jp-InputPrompt").inner_text().strip() == "[ ]:"  # it was not run
    lab_page.save()
    lab_page.menu(words["help"], words["first"])
    page.locator(".lm-TabBar-tabLabel").filter(has_text="first_run-2.ipynb").wait_for()
    assert (server.root_dir / "first_run-2.ipynb").is_file()


@pytest.mark.full
def test_a_terminal_of_the_menu_opens_in_the_file_browsers_folder(lab: Started, page: Page) -> None:
    """From the menu, too, which names no folder; and there the environment's programs are found."""
    (lab.root_dir / "deep" / "folder").mkdir(parents=True, exist_ok=True)
    lab_page = LabPage(page)
    lab_page.open(f"{lab.lab_url}&reset")
    lab_page.enter("deep")
    lab_page.enter("folder")
    lab_page.menu("File", "New", "Terminal")
    page.locator(".jp-Terminal .xterm-screen").click()
    page.keyboard.type("{ pwd; command -v jupyter-utils; } > said")
    page.keyboard.press("Enter")
    lab_page.file("said").wait_for()
    said = (lab.root_dir / "deep" / "folder" / "said").read_text(encoding="utf-8").splitlines()
    assert said[0] == str(lab.root_dir / "deep" / "folder")
