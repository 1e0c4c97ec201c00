"""MLflow's pages inside of JupyterLab's address: a person opens them without typing, and what is stored cannot act."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import mlflow
import pytest
from lab_page import LabPage
from mlflow_page import MlflowPage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page
    from servers import Started

Error = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").Error
OK = 200
pytestmark = pytest.mark.usefixtures("chromium")
SAVE = """import jupyter_utils
jupyter_utils.save_mlflow("door", do_commit=False, metrics={"f1": 0.5}, result={"note.txt": "見えた"})"""
# What a page with JupyterLab's own rights can do: see who asks, see the kernels, and run a cell.
ATTACK = """
document.title = "ran at " + origin;
(async () => {
  const kernels = await (await fetch("BASEapi/kernels", { credentials: "include" })).json();
  document.title = "saw " + kernels.length + " kernels, " + document.cookie;
  new WebSocket("BASEapi/kernels/" + kernels[0].id + "/channels").onopen = () => { document.title = "runs cells"; };
})().catch((error) => { document.title = "ran at " + origin + ": " + error; });
"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"><circle r="40" fill="red"/>{}</svg>'
XSLT = """<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="#s"?>
<doc><xsl:stylesheet id="s" version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template match="/"><html><body><h1>made</h1><script>{}</script></body></html></xsl:template></xsl:stylesheet></doc>
"""


def attacks(base: str) -> dict[str, str]:
    """Return files that act where a browser lets them, by their names."""
    script = ATTACK.replace("BASE", base)
    page = f"<!doctype html><title>quiet</title><h1>shown</h1><script>{script}</script>"
    plain = f"<script>//<![CDATA[\n{script}\n//]]></script>"
    return {
        "page.html": page,
        "page.HTM": page,
        "page.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{plain}</body></html>',
        "page.shtml": page,
        "odd.html;.png": page,
        "noend": page,
        "picture.svg": SVG.format(plain),
        "style.xml": XSLT.format(f"//<![CDATA[\n{script}\n//]]>"),
        "code.js": script,
        "mail.mht": page,
    }


@pytest.fixture(scope="module")
def opened(lab: Started, context: BrowserContext) -> Iterator[LabPage]:
    """Log in to JupyterLab, once; a kernel that could be taken runs in it."""
    page = LabPage(context.new_page())
    page.open(f"{lab.lab_url}&reset")  # whatever other tests have left open
    page.new_notebook("door.ipynb")
    yield page
    page.page.close()


@pytest.fixture(scope="module")
def stored(lab: Started, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Store the attacks as artifacts of a run, as anybody who may write to MLflow can; its experiment and run."""
    folder = tmp_path_factory.mktemp("attacks")
    for name, content in attacks(f"{lab.jupyter_url}/").items():
        (folder / name).write_text(content, encoding="utf-8")
    client = mlflow.MlflowClient(lab.mlflow_url)
    experiment = client.create_experiment("attacks")
    run = client.create_run(experiment).info.run_id
    client.log_artifacts(run, str(folder))
    client.set_tag(run, "mlflow.note.content", f'<img src=x onerror="{attacks("/")["code.js"]}"> **noted**')
    return experiment, run


def test_a_saved_run_is_one_click_away(opened: LabPage, lab: Started, screenshots: Path) -> None:
    """The card leads to the run's page inside of the lab's own address, in the view for training; nothing is typed."""
    output = opened.run_cell(SAVE)
    link = output.get_by_role("link").first
    assert (link.get_attribute("href") or "").startswith("/mlflow/#/experiments/")
    with opened.page.context.expect_page() as shown:
        link.click()
    page = shown.value
    page.get_by_text("About this run").wait_for()
    assert page.url.startswith(f"{lab.jupyter_url}/mlflow/#/experiments/")
    page.get_by_role("link", name="Model registry").wait_for()
    mlflow_page = MlflowPage(page)
    mlflow_page.open_artifacts()
    mlflow_page.artifact("result").click()
    mlflow_page.artifact("note.txt").click()
    page.get_by_text("見えた").wait_for()
    mlflow_page.screenshot(screenshots / "door.png")
    assert lab.token not in page.url
    page.close()


def test_the_page_changes_a_run(opened: LabPage, lab: Started, page: Page, stored: tuple[str, str]) -> None:
    """What MLflow's page writes gets through, since it shows that it is the lab's own page."""
    del opened
    experiment, run = stored
    page.goto(f"{lab.jupyter_url}/mlflow/#/experiments/{experiment}/runs/{run}")
    page.get_by_text("About this run").wait_for()
    as_json = {"Content-Type": "application/json"}
    asked = {"method": "POST", "headers": as_json, "body": json.dumps({"run_id": run, "key": "seen", "value": "yes"})}
    path = "ajax-api/2.0/mlflow/runs/set-tag"
    status = page.evaluate("([path, asked]) => fetch(path, asked).then((answer) => answer.status)", [path, asked])
    assert status == OK
    assert mlflow.MlflowClient(lab.mlflow_url).get_run(run).data.tags["seen"] == "yes"


def test_nothing_that_is_stored_acts_as_the_labs_user(
    opened: LabPage, lab: Started, page: Page, stored: tuple[str, str]
) -> None:
    """Opened by its address, an artifact is a download, or a document without scripts."""
    del opened
    _, run = stored
    for name in attacks("/"):
        for address in (
            f"get-artifact?run_uuid={run}&path={name}",
            f"api/2.0/mlflow-artifacts/artifacts/{stored[0]}/{run}/artifacts/{name}",
        ):
            page.goto("about:blank")
            with contextlib.suppress(Error):  # it becomes a download
                page.goto(f"{lab.jupyter_url}/mlflow/{quote(address, safe='/?=&')}")
            page.wait_for_timeout(100)
            assert page.title() == "", f"{address}: {page.title()}"


def test_nothing_acts_in_mlflows_preview(opened: LabPage, lab: Started, page: Page, stored: tuple[str, str]) -> None:
    """A page runs there as nobody's; a picture by itself in a tab, and what a note holds, do not run at all."""
    del opened
    experiment, run = stored
    mlflow_page = MlflowPage(page)
    page.goto(f"{lab.jupyter_url}/mlflow/#/experiments/{experiment}/runs/{run}")
    page.get_by_text("noted").wait_for()
    assert page.title() == "MLflow" or "ran" not in page.title()
    mlflow_page.open_artifacts()
    mlflow_page.artifact("page.html").click()
    frame = page.frame_locator("iframe").locator("h1")
    frame.wait_for()
    inside = next(one for one in page.frames if one != page.main_frame)
    page.wait_for_timeout(500)
    assert inside.title().startswith("ran at null"), "its own scripts run, with no address"
    mlflow_page.artifact("picture.svg").click()
    picture = page.locator("main img[src^='blob:']").first
    picture.wait_for()
    blob = picture.get_attribute("src") or ""
    assert urlsplit(blob.removeprefix("blob:")).netloc == urlsplit(lab.jupyter_url).netloc
    with page.context.expect_page() as other:
        page.evaluate("blob => { window.open(blob); }", blob)
    other.value.wait_for_load_state()
    other.value.wait_for_timeout(500)
    assert other.value.evaluate("document.title") in ("", None), "a picture in a tab of its own runs scripts"
