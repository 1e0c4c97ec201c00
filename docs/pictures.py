"""Make the pictures of the documents from the real thing: a lab, MLflow's page, a terminal, a report.

    nix build -f nix/debian lab --out-link .cache/lab
    nix build -f nix/debian python --out-link .cache/python
    .cache/python/bin/python docs/pictures.py /home/hanako

The folder, new or empty, holds what the lab writes; its name is seen in the pictures. Needs Chromium, Japanese letters
(fonts-noto-cjk), bubblewrap, the ports that a lab has by default, and some minutes. The notebook is that of the
browser's tests. Look at the pictures before you commit them.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "browser")]

import git_server
import mlflow
import psutil
import servers
from lab_page import ERROR, LabPage
from mlflow_page import MlflowPage
from PIL import Image
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

PICTURES = ROOT / "docs" / "pictures"
LAB = ROOT / ".cache" / "lab" / "bin" / "jupyter-utils"
MADE = Path(tempfile.mkdtemp())
"""Where they are until all are made: what fails on the way leaves those of before."""
NOTEBOOK = ROOT / "tests" / "browser" / "notebooks" / "messages.py"
PROMPT = "PS1='hanako:\\W$ '\n"
LIMIT = 600.0
"""Seconds in which a reproduction must end."""


def write_notebook(lab: servers.Started, page: LabPage, served: Path) -> None:
    """Clone a repository, write the notebook of the tests, run it to its save, and take the picture."""
    git_server.bare_repository(served, "messages", {"README.md": "# Messages\n"})
    with git_server.served(served) as address:
        page.open(lab.lab_url)
        page.clone(f"{address}/messages.git")
        page.enter("messages")
        page.new_notebook("messages.ipynb")
        for cell in filter(None, map(str.strip, NOTEBOOK.read_text(encoding="utf-8").split("# %%\n"))):
            page.run_cell(cell)
    page.page.wait_for_timeout(2000)
    if page.page.locator(f'[data-mime-type="{ERROR}"]').count():
        page.screenshot(lab.folder / "failed.png")
        raise RuntimeError(f"a cell failed: look at {lab.folder / 'failed.png'}")
    page.page.locator(".jp-Notebook .jp-Cell").nth(3).evaluate("cell => cell.scrollIntoView()")
    page.page.wait_for_timeout(1000)
    page.screenshot(MADE / "lab.png")


def running(word: str) -> bool:
    """Say whether a process has this word on its command line."""
    return any(word in (process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"]))


def reproduce(client: mlflow.MlflowClient, page: LabPage, run_id: str) -> str:
    """Run it again in a terminal, take the picture when that has ended, and return the run with the report."""
    page.page.set_viewport_size({"width": 1280, "height": 780})
    page.menu("File", "New", "Terminal")
    screen = page.page.locator(".jp-Terminal .xterm-screen")
    screen.click()
    page.page.keyboard.type("clear\n")
    page.page.wait_for_timeout(2000)
    page.page.keyboard.type(f"jupyter-utils reproduce {run_id[:8]}; echo $?\n")
    deadline = time.monotonic() + LIMIT
    while "jupyter_utils.reproduced" not in client.get_run(run_id).data.tags or running(run_id[:8]):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no verdict on {run_id} after {LIMIT:g} s")
        time.sleep(1)
    page.page.wait_for_timeout(2000)
    page.dismiss_notifications()
    page.page.locator(".jp-Terminal").screenshot(path=MADE / "terminal.png")
    experiment = client.get_run(run_id).info.experiment_id
    (child,) = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{run_id}'")
    return str(child.info.run_id)


def show_run(lab: servers.Started, context: BrowserContext) -> None:
    """Take the picture of the run on MLflow's page."""
    page = MlflowPage(context.new_page())
    page.open(lab.mlflow_url)
    page.open_experiment("test_exp")
    page.open_run()
    page.screenshot(MADE / "mlflow.png")


def show_report(client: mlflow.MlflowClient, run_id: str, context: BrowserContext, folder: Path) -> None:
    """Take the picture of the report's beginning."""
    file = next(file for file in Path(client.download_artifacts(run_id, "", str(folder))).rglob("*.html"))
    page = context.new_page()
    page.set_viewport_size({"width": 1100, "height": 900})
    page.goto(file.as_uri())
    end = page.locator("table").nth(2).bounding_box()
    page.screenshot(
        path=MADE / "report.png", clip={"x": 0, "y": 0, "width": 1100, "height": end["y"] + end["height"] + 16}
    )


def shrink(file: Path) -> None:
    """Give a picture of an interface the few colours that it has."""
    with Image.open(file) as picture:
        fewer = picture.convert("RGB").quantize(192, dither=Image.Dither.NONE)
    fewer.save(file, optimize=True)


def main() -> None:
    """Make all of them."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        sys.exit("no Chromium on the path")
    for name in (".bashrc", ".bash_profile"):
        (folder / name).write_text(PROMPT)
    (folder / ".gitconfig").write_text("[user]\nname = Yamada Hanako\nemail = hanako@example.org\n")
    servers.LAUNCHER = (str(LAB),)
    with (
        servers.lab(folder, HOME=str(folder), JUPYTER_PORT="18080", MLFLOW_PORT="15000", LOGNAME="hanako") as lab,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program, args=["--no-proxy-server", "--disable-gpu"]) as browser,
        tempfile.TemporaryDirectory() as other,
    ):
        context = browser.new_context(viewport={"width": 1280, "height": 780}, locale="en-US", color_scheme="light")
        context.set_default_timeout(60_000)
        client = mlflow.MlflowClient(lab.mlflow_url)
        page = LabPage(context.new_page())
        write_notebook(lab, page, Path(other))
        show_run(lab, context)
        experiment = client.get_experiment_by_name("test_exp")
        (run,) = client.search_runs([experiment.experiment_id])
        child = reproduce(client, page, run.info.run_id)
        show_report(client, child, context, Path(other))
    for file in sorted(MADE.glob("*.png")):
        shrink(file)
        shutil.move(file, PICTURES / file.name)
        sys.stdout.write(f"{file.name}: {(PICTURES / file.name).stat().st_size // 1024} KiB\n")


if __name__ == "__main__":
    main()
