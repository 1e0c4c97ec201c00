"""The same notebook in two tabs: what is committed is what the tab that runs the cell shows."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.parse
import uuid
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from calling import write_notebook
from mlflow import MlflowClient
from notebook_tab import Notebook

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Started

SAVE = "import jupyter_utils\nr = jupyter_utils.save_mlflow('two tabs', params={'v': v}, metrics={'f1': 0.9})\nr"
READY = ".jp-Notebook-ExecutionIndicator[data-status='idle']"
TRIALS = 3
SILENT_MS = 12_000
"""Longer than a server is waited for that is not the kernel's own."""


def git(lab: Started, *args: str) -> str:
    return subprocess.run(["git", "-C", lab.root_dir, *args], capture_output=True, text=True, check=True).stdout


def committed(lab: Started, name: str) -> list[str]:
    """Give the sources of the cells of the notebook in the last commit."""
    return ["".join(cell["source"]) for cell in json.loads(git(lab, "show", f"HEAD:{name}"))["cells"]]


def in_lab(lab: Started, name: str) -> str:
    return f"{lab.jupyter_url}/lab/workspaces/{uuid.uuid4().hex}/tree/{urllib.parse.quote(name)}?token={lab.token}"


def in_notebook7(lab: Started, name: str) -> str:
    pytest.importorskip("notebook", reason="Notebook 7 is not installed")
    return f"{lab.jupyter_url}/notebooks/{urllib.parse.quote(name)}?token={lab.token}"


def opened(page: Any, address: str) -> Notebook:
    page.set_default_timeout(180_000)
    page.goto(address)
    page.locator(".jp-KernelName:has-text('Python 3')").wait_for()
    page.locator(READY).first.wait_for()
    return Notebook(page)


@pytest.mark.parametrize(
    "address", [in_lab, pytest.param(in_notebook7, marks=pytest.mark.full)], ids=["lab", "notebook 7"]
)
def test_other_tab_with_an_older_copy(address: Any, page: Any, chromium: Any, repo_lab: Started) -> None:
    """The other tab's copy is not saved over it, nor anything else that the tab has open; no cell differs."""
    name = f"two tabs {address.__name__}.ipynb"
    write_notebook(repo_lab.root_dir / name, "v = 0", "v", SAVE)
    one = opened(page, address(repo_lab, name))
    other = chromium.new_page()
    try:
        opened(other, address(repo_lab, name))
        for trial in range(1, TRIALS + 1):
            one.type(0, f"v = {trial}")
            one.start(0)
            one.output(0, str(2 * trial - 1))
            one.start(2)
            shown = one.output(2, str(2 * trial))
            assert "did not save" not in shown, shown
            assert "does NOT hold" not in shown, shown
            assert committed(repo_lab, name)[0] == f"v = {trial}"
    finally:
        other.close()


def wait_for(path: Path) -> str:
    return f"import pathlib, time\nwhile not pathlib.Path({path.name!r}).exists(): time.sleep(0.05)\n"


def run_of(lab: Started, told: Path, page: Any) -> Any:
    """Wait until the cell has written the run's id, and give the run."""
    deadline = time.monotonic() + 300
    while not (told.exists() and told.read_text().strip()):
        assert time.monotonic() < deadline, "the cell has not ended"
        page.wait_for_timeout(200)
    return MlflowClient(lab.mlflow_url).get_run(told.read_text().splitlines()[0])


def run_typed(tab: Notebook, source: str, began: Path) -> None:
    """Type a first cell, run it and the second one, and wait until the kernel has that."""
    tab.type(0, source)
    tab.start(0)
    tab.output(0, "1")
    tab.start(1)
    while not began.exists():
        tab.page.wait_for_timeout(100)


TELL = "\npathlib.Path({!r}).write_text('\\n'.join([r.run_id, *r.warnings]))"


def test_tab_that_is_closed_while_the_cell_runs(page: Any, chromium: Any, repo_lab: Started) -> None:
    """What was only typed there is lost: the run is tagged, and names the cells; the other tab's copy is not saved."""
    name, go, told = "closed.ipynb", repo_lab.root_dir / "closed-go", repo_lab.root_dir / "closed-told"
    began = repo_lab.root_dir / "closed-began"
    begin = f"import pathlib\npathlib.Path({began.name!r}).touch()\n"
    write_notebook(repo_lab.root_dir / name, "v = 1", begin + wait_for(go) + SAVE + TELL.format(told.name))
    one = opened(page, in_lab(repo_lab, name))
    running = chromium.new_page()
    other = opened(running, in_lab(repo_lab, name))
    run_typed(other, "v = 2  # typed in the tab that is closed", began)
    running.close(run_before_unload=False)
    one.type(0, "v = 3  # typed in the tab that stays")
    go.touch()
    run = run_of(repo_lab, told, page)
    assert run.data.params["v"] == "2"
    assert run.data.tags["jupyter_utils.ran.differs"] == "true"
    assert "The tab that runs the cell was closed" in told.read_text()
    assert "cell [1] (v = 2" in told.read_text()
    assert committed(repo_lab, name)[0] == "v = 1"


def hold_saves(tab: Any) -> list[Any]:
    """Let no notebook of a tab's be saved from now on; give what it tried."""
    held: list[Any] = []

    def handle(route: Any) -> None:
        if route.request.method == "PUT":
            held.append(route)
        else:
            route.continue_()

    tab.route("**/api/contents/**", handle)
    return held


def test_tab_that_is_closed_before_it_has_saved(page: Any, chromium: Any, repo_lab: Started) -> None:
    """What Jupyter's server writes into the file for a tab that is gone is not taken for the tab's own saving."""
    name, told = "unsaved.ipynb", repo_lab.root_dir / "unsaved-told"
    write_notebook(repo_lab.root_dir / name, "v = 1", "import pathlib\n" + SAVE + TELL.format(told.name))
    running = chromium.new_page()
    other = opened(running, in_lab(repo_lab, name))
    other.type(0, "v = 2  # typed in the tab that is closed")
    other.start(0)
    other.output(0, "1")
    held = hold_saves(running)
    other.start(1)
    while not held:  # the tab has been asked
        running.wait_for_timeout(100)
    running.close(run_before_unload=False)
    run = run_of(repo_lab, told, page)
    assert run.data.params["v"] == "2"
    assert run.data.tags["jupyter_utils.ran.differs"] == "true"
    assert "had saved unsaved.ipynb" in told.read_text()
    assert committed(repo_lab, name)[0] == "v = 1"


def test_server_that_is_silent_for_a_while(page: Any, chromium: Any, repo_lab: Started) -> None:
    """A busy server does not tell who is connected: still, no other tab saves its older copy over what ran."""
    name, go, began = "silent.ipynb", repo_lab.root_dir / "silent-go", repo_lab.root_dir / "silent-began"
    begin = f"import pathlib\npathlib.Path({began.name!r}).touch()\n"
    write_notebook(repo_lab.root_dir / name, "v = 1", begin + wait_for(go) + SAVE)
    one = opened(page, in_lab(repo_lab, name))
    running = chromium.new_page()
    other = opened(running, in_lab(repo_lab, name))
    one.type(0, "v = 3  # typed in the other tab")
    unasked = hold_saves(page)
    run_typed(other, "v = 2", began)
    (file,) = (repo_lab.home / ".local/share/jupyter/runtime").glob("jpserver-*.json")
    server = psutil.Process(json.loads(file.read_text())["pid"])
    server.suspend()
    try:
        go.touch()
        page.wait_for_timeout(SILENT_MS)
    finally:
        server.resume()
    shown = other.output(1, "2")
    running.close()
    assert not unasked
    assert "did not save" not in shown, shown
    assert "does NOT hold" not in shown, shown
    assert committed(repo_lab, name)[0] == "v = 2"


def test_checkout_of_another_branch_while_the_cell_runs(page: Any, repo_lab: Started) -> None:
    """The page asks what to do about the changed file, and nobody answers: the run says that other cells ran."""
    name, go, told = "branches.ipynb", repo_lab.root_dir / "branch-go", repo_lab.root_dir / "branch-told"
    impatient = "import os; os.environ['JUPYTER_UTILS_SAVE_SECONDS'] = '6'\n"
    file = write_notebook(repo_lab.root_dir / name, "v = 1", impatient + wait_for(go) + SAVE + TELL.format(told.name))
    git(repo_lab, "add", name)
    git(repo_lab, "commit", "-qm", "one")
    notebook = opened(page, in_lab(repo_lab, name))
    notebook.start(0)
    notebook.output(0, "1")
    notebook.start(1)
    page.wait_for_timeout(1500)  # the page takes a file for changed that is half a second younger
    git(repo_lab, "checkout", "-qb", "other")
    file.write_text(file.read_text().replace("v = 1", "v = 'other branch'"))
    git(repo_lab, "commit", "-qam", "two")
    go.touch()
    run = run_of(repo_lab, told, page)
    assert run.data.tags["mlflow.source.git.branch"] == "other"
    assert run.data.tags["jupyter_utils.ran.differs"] == "true"
    assert "cell [1] (v = 1)" in told.read_text()
