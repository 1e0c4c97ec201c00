"""The notebook's text lives in the browser: what is committed must be what the user sees, however slow the browser."""

from __future__ import annotations

import re
import subprocess
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from calling import write_notebook
from notebook_tab import Notebook

if TYPE_CHECKING:
    from servers import Started

SAVE = "import jupyter_utils\nr = jupyter_utils.save_mlflow('browser', metrics={'f1': 0.9})\nr"


def open_notebook(page: Any, lab: Started, name: str, *cells: str) -> Notebook:
    write_notebook(lab.root_dir / name, *cells)
    workspace = uuid.uuid4().hex
    page.goto(f"{lab.jupyter_url}/lab/workspaces/{workspace}/tree/{name}?token={lab.token}")
    # The kernel is there when its name stands in the toolbar and it is idle.
    page.wait_for_selector(".jp-NotebookPanel-toolbar .jp-KernelName >> text=Python 3")
    page.wait_for_selector(
        ".jp-NotebookPanel-toolbar [data-status='idle'], .jp-Notebook-ExecutionIndicator[data-status='idle']"
    )
    return Notebook(page)


def git(lab: Started, *args: str) -> str:
    return subprocess.run(["git", "-C", lab.root_dir, *args], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("slow", [False, True], ids=["fast", "slow"])
def test_unsaved_text_is_committed(slow: bool, page: Any, repo_lab: Started) -> None:
    """Text that was only typed is in the commit and in its twin, also from a browser that is slow in every way."""
    name = f"typed-{'slow' if slow else 'fast'}.ipynb"
    notebook = open_notebook(page, repo_lab, name, "1", "2")
    if slow:
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        session.send("Network.enable")
        limits = {"offline": False, "latency": 800, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
        session.send("Network.emulateNetworkConditions", limits)
    notebook.type(0, "typed = 'only typed, and not run'")
    shown = notebook.run(1, SAVE)
    assert re.search(r"Run [0-9a-f]{32}", shown), shown
    assert "did not save" not in shown
    assert "was not written" not in shown
    assert "only typed, and not run" in git(repo_lab, "show", f"HEAD:{name}")
    assert "only typed, and not run" in git(repo_lab, "show", f"HEAD:{name.replace('.ipynb', '.py')}")
    assert "jupyter_utils.save_mlflow(" in git(repo_lab, "show", f"HEAD:{name}")


def test_saved_again_without_a_change(page: Any, repo_lab: Started) -> None:
    """A cell that is run twice is saved twice, without waiting in vain."""
    notebook = open_notebook(page, repo_lab, "twice.ipynb", SAVE)
    for execution in ("1", "2"):
        notebook.start(0)
        shown = notebook.output(0, execution)
        assert "did not save" not in shown
        assert "was not written" not in shown


def test_another_document_in_front(page: Any, repo_lab: Started) -> None:
    """The calling notebook is saved also when the user looks at another document meanwhile."""
    (repo_lab.root_dir / "front.txt").write_text("x")
    wait = "import pathlib, time\nwhile not pathlib.Path('in-front').exists(): time.sleep(0.05)\n"
    notebook = open_notebook(page, repo_lab, "behind.ipynb", "1", wait + SAVE + "; print(r.warnings)")
    notebook.type(0, "typed_behind = 1")
    notebook.start(1)
    page.locator(".jp-DirListing-item >> text=front.txt").dblclick()
    page.wait_for_selector(".jp-FileEditor")
    (repo_lab.root_dir / "in-front").touch()
    deadline = time.monotonic() + 400
    while "behind.ipynb" not in git(repo_lab, "log", "--all", "--format=%s"):
        assert time.monotonic() < deadline, "not committed while another document is in front"
        page.wait_for_timeout(200)
    page.locator(".lm-DockPanel-tabBar .lm-TabBar-tabLabel >> text=behind.ipynb").click()
    shown = notebook.output(1)
    assert "did not save" not in shown, shown
    assert "typed_behind" in git(repo_lab, "show", "HEAD:behind.ipynb")


def test_untitled_notebook(page: Any, repo_lab: Started) -> None:
    """A new notebook that still has no name of its own is saved without waiting for one."""
    page.goto(f"{repo_lab.jupyter_url}/lab/workspaces/{uuid.uuid4().hex}?reset&token={repo_lab.token}")
    page.locator(".jp-LauncherCard[data-category='Notebook']").first.click()
    page.wait_for_selector(".jp-NotebookPanel-toolbar .jp-KernelName >> text=Python 3")
    shown = Notebook(page).run(0, SAVE)
    assert "did not save" not in shown, shown
    committed = git(repo_lab, "show", "--name-only", "--format=", "HEAD").splitlines()
    (name,) = [name for name in committed if name.startswith("Untitled") and name.endswith(".ipynb")]
    assert "jupyter_utils.save_mlflow(" in git(repo_lab, "show", f"HEAD:{name}")


def test_card(page: Any, repo_lab: Started) -> None:
    """The result is a card whose link opens the run in MLflow."""
    notebook = open_notebook(page, repo_lab, "card.ipynb", SAVE)
    notebook.start(0)
    notebook.output(0)
    link = notebook.cell(0).locator(".jupyter-utils-run a")
    with page.expect_popup() as popup:
        link.click()
    popup.value.wait_for_selector("text=f1", timeout=60_000)
    popup.value.close()
