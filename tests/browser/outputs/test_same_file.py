"""The file that a page saves which was there all the time: that of a plain JupyterLab with Jupytext, to the byte."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
import servers
from desk import Desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.full

CELLS = (
    "import sys, time\nfor i in range(3): print('step', i, end='\\r')\nprint('漢字', file=sys.stderr)\ntime.sleep(12)",
    "from IPython.display import HTML, clear_output\nprint('a')\nclear_output(wait=True)\nHTML('<b>1</b>')",
    "shown = display('a', display_id='y')\nshown.update('b')\n{'a': 1}",
    "1 / 0",
    "",  # a page adds one by itself where the last cell was run, with an id of chance
)
TIME = re.compile(rb"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)")


@dataclass
class Plain:
    """JupyterLab as it comes, with Jupytext."""

    jupyter_url: str
    root_dir: Path
    token: str = "plain"


@contextlib.contextmanager
def plain_lab(folder: Path) -> Iterator[Plain]:
    folder.mkdir()
    env = servers.environment(folder)
    root, port = folder / "notebooks", env["JUPYTER_PORT"]
    root.mkdir()
    settings = folder / "home/.jupyter/lab/user-settings/@jupyterlab/notebook-extension"
    settings.mkdir(parents=True)
    (root / "jupytext.toml").write_text('formats = "ipynb,py:percent"')
    (settings / "tracker.jupyterlab-settings").write_text('{"recordTiming": true}')  # as our labs have it
    command = [sys.executable, "-P", "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}"]
    command += [f"--ServerApp.root_dir={root}", f"--IdentityProvider.token={Plain.token}"]
    command += ["--ServerApp.contents_manager_class=jupytext.AsyncTextFileContentsManager"]
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(command, env=env, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(600):
            if servers.answers(f"{url}/api"):
                break
            assert process.poll() is None, (folder / "output.txt").read_text()
            time.sleep(0.1)
        yield Plain(url, root)
    finally:
        process.terminate()
        process.wait(30)


def saved(browser: Any, lab: Any) -> dict[str, bytes]:
    """Run all in a page that stays, and save; the notebook and its twin, without the times."""
    desk = Desk(browser, lab, name="n.ipynb")
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{at}") for at, source in enumerate(CELLS)]
    made = nbformat.v4.new_notebook(cells=cells)
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, desk.file)
    notebook = desk.open()
    desk.save(notebook)
    last = len(CELLS) - 2
    for number in range(last + 1):
        notebook.start(number)
    notebook.output(last)
    notebook.cell(0).locator(".cm-content").click()
    notebook.page.keyboard.press("Control+s")
    desk.until(lambda: "ZeroDivisionError" in desk.file.read_text())
    notebook.page.wait_for_timeout(2000)
    assert notebook.page.locator(".jp-Dialog").count() == 0
    notebook.page.close()
    return {one.name: TIME.sub(b"TIME", one.read_bytes()) for one in sorted(lab.root_dir.glob("n*.*"))}


def test_same_file(chromium: Any, tmp_path: Path) -> None:
    """With outputs kept, without, and in a plain one."""
    found = {}
    for name in ("on", "off"):
        (tmp_path / name).mkdir()
        with servers.lab(
            tmp_path / name, JUPYTER_UTILS_KEEP_OUTPUTS=name, MLFLOW_TRACKING_URI="http://127.0.0.1:9"
        ) as lab:
            found[name] = saved(chromium, lab)
    with plain_lab(tmp_path / "plain") as lab:
        found["plain"] = saved(chromium, lab)
    assert found["on"].keys() == {"n.ipynb", "n.py"}
    assert found["on"] == found["off"]
    assert found["off"] == found["plain"]
