"""Cells that run while no page is there, seen from the server: websockets take the place of pages."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import kernels
import pytest
import requests
import servers
from calling import write_notebook

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import websocket
    from servers import Started

LIMIT = 120.0
SLOW = "import os, time\nprint('before', flush=True)\ntime.sleep(3)\n"
SAVING = (
    SLOW
    + """
import jupyter_utils, pathlib
r = jupyter_utils.save_mlflow("no page", metrics={"f1": 0.9})
pathlib.Path("told.part").write_text("\\n".join(r.warnings))
pathlib.Path("told.part").rename("told")
r"""
)
OTHER_WEBSOCKETS = """
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

class Other(ZMQChannelsWebsocketConnection):
    pass

c.ServerApp.kernel_websocket_connection_class = Other
"""


@dataclass
class Page:
    """What a page does: opens a notebook, runs its cells, asks what it has missed, and leaves."""

    server: Started
    name: str
    kernel: str
    client: str
    socket: websocket.WebSocket

    @property
    def file(self) -> Path:
        return self.server.root_dir / self.name

    @property
    def beside(self) -> Path:
        return self.file.with_name(f"{self.file.stem}.outputs.ipynb")

    def ask(self) -> dict[str, Any]:
        body = {"client": self.client, "path": self.name, "known": {}, "base": None}
        answer: dict[str, Any] = kernels.api(self.server, "POST", f"jupyter-utils/outputs/{self.kernel}", body)
        return answer

    def run(self, source: str | None = None) -> None:
        """Run the notebook's only cell; `source` is what the page shows otherwise than the file."""
        cell = json.loads(self.file.read_text())["cells"][0]
        header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "", "session": self.client}
        content = {"code": source or "".join(cell["source"]), "silent": False, "store_history": True}
        message = {"header": header, "parent_header": {}, "metadata": {"cellId": cell["id"]}, "channel": "shell"}
        self.socket.send(json.dumps(message | {"content": content | {"allow_stdin": True}}))

    def stored(self) -> str:
        try:
            outputs = json.loads(self.file.read_text())["cells"][0]["outputs"]
        except json.JSONDecodeError:  # the server is writing it
            return ""
        return "".join("".join(one.get("text") or one.get("ename") or one["data"]["text/plain"]) for one in outputs)

    def until(self, what: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT
        while not what():
            assert time.monotonic() < deadline, self.file.read_text()
            time.sleep(0.1)


def opened(server: Started, source: str, folder: str = "") -> Page:
    name = f"{folder}no-page-{uuid.uuid4().hex[:8]}.ipynb"
    (server.root_dir / name).parent.mkdir(parents=True, exist_ok=True)
    write_notebook(server.root_dir / name, source)
    kernels.api(server, "GET", f"api/contents/{name}?content=1&type=notebook")
    body = {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
    kernel = kernels.api(server, "POST", "api/sessions", body)["kernel"]["id"]
    client = str(uuid.uuid4())
    page = Page(server, name, kernel, client, kernels.connect(server, kernel, client))
    page.ask()
    return page


def left(server: Started, source: str, typed: str | None = None, folder: str = "") -> Page:
    """Run a cell, and leave while it runs."""
    page = opened(server, source, folder)
    page.run(typed)
    time.sleep(1)
    page.socket.close()
    return page


def test_a_file_that_was_changed_is_left_as_it_is(lab: Started) -> None:
    """What Git or anybody else has written stays; the outputs are beside it, and whoever opens it is told."""
    page = left(lab, SLOW)
    changed = page.file.read_text().replace('"Python 3"', '"Python 3 of another branch"')
    page.file.write_text(changed)
    page.until(page.beside.exists)
    assert page.file.read_text() == changed
    assert "was changed on the disk meanwhile" in page.ask()["kept"][page.beside.name]


def test_a_cell_that_was_only_typed(lab: Started) -> None:
    """The file's cell is another one: it stays as it is, and the outputs are beside it with what ran."""
    page = left(lab, SLOW, f"{SLOW}print('typed')")
    page.until(page.beside.exists)
    kept = json.loads(page.beside.read_text())["cells"][1]
    assert "print('typed')" in "".join(kept["source"])
    assert page.stored() == ""


def test_a_notebook_that_is_renamed(lab: Started) -> None:
    """The outputs are where it is now, also below a folder with a new name, and its kernel is found by that."""
    page = left(lab, SLOW, folder=f"old-{uuid.uuid4().hex[:8]}/")
    folder, _, name = page.name.partition("/")
    kernels.api(lab, "PATCH", f"api/contents/{page.name}", {"path": f"{folder}/new-{name}"})
    kernels.api(lab, "PATCH", f"api/contents/{folder}", {"path": f"new-{folder}"})
    page.name = f"new-{folder}/new-{name}"
    page.until(lambda: page.stored() == "before\n")
    assert [one["path"] for one in kernels.api(lab, "GET", "api/sessions") if one["kernel"]["id"] == page.kernel] == [
        page.name
    ]
    assert not (lab.root_dir / folder).exists()


@pytest.mark.full
@pytest.mark.parametrize("typed", [False, True], ids=["as saved", "only typed"])
def test_save_mlflow_without_a_page(lab: Started, typed: bool) -> None:
    """What is committed has the sources and the outputs that ran, or the run says that it does not."""
    folder = f"repo-{uuid.uuid4().hex[:8]}"
    told = lab.root_dir / folder / "told"
    git = ["git", "-C", str(told.parent), "-c", "user.name=T", "-c", "user.email=t@example.org"]
    told.parent.mkdir()
    subprocess.run([*git, "init", "-q"], check=True)
    for name, value in (("user.name", "T"), ("user.email", "t@example.org")):
        subprocess.run([*git, "config", name, value], check=True)
    page = left(lab, SAVING, f"{SAVING}\n# typed" if typed else None, folder=f"{folder}/")
    page.until(told.exists)
    name = page.file.name
    committed = json.loads(subprocess.run([*git, "show", f"HEAD:{name}"], capture_output=True, check=True).stdout)
    cell = committed["cells"][0]
    if typed:
        assert "does NOT hold" in told.read_text()
        assert cell["outputs"] == []
    else:
        assert cell["outputs"][0]["text"] == ["before\n"]
        assert "NOT" not in told.read_text()
    assert "".join(cell["source"]) == SAVING
    page.until(lambda: page.stored().startswith("before\n") != typed)


@pytest.mark.full
def test_a_folder_that_is_gone(lab: Started) -> None:
    """What can be written nowhere is said once, in the log too, and given to a page that comes."""
    page = left(lab, SLOW, folder=f"gone-{uuid.uuid4().hex[:8]}/")
    shutil.rmtree(page.file.parent)
    time.sleep(1)
    page.socket = kernels.connect(lab, page.kernel)
    deadline = time.monotonic() + LIMIT
    page.client = str(uuid.uuid4())
    while not (answer := page.ask())["kept"]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert "are in no file" in answer["kept"][""]
    assert answer["executions"][0]["outputs"][0]["text"] == "before\n"
    assert not answer["executions"][0]["inFile"]
    page.socket.close()


@pytest.mark.full
@pytest.mark.parametrize("what", ["restarted", "shut down"])
def test_a_kernel_that_ends_without_a_page(lab: Started, what: str) -> None:
    """The file says so, beside the error of the interrupt that goes before it."""
    page = left(lab, f"{SLOW}time.sleep(300)")
    if what == "restarted":
        kernels.api(lab, "POST", f"api/kernels/{page.kernel}/restart")
    else:
        kernels.api(lab, "DELETE", f"api/kernels/{page.kernel}")
    page.until(lambda: page.stored().startswith("before\n"))
    page.until(lambda: page.stored().endswith(f"The kernel was {what} while this cell ran.\n"))


@pytest.mark.full
def test_switched_off(tmp_path: Path) -> None:
    """Nothing of it is in JupyterLab then: neither a page of its own, nor a word to the browser."""
    with servers.lab(tmp_path, JUPYTER_UTILS_KEEP_OUTPUTS="off") as lab:
        with pytest.raises(requests.HTTPError, match="404"):
            kernels.api(lab, "POST", f"jupyter-utils/outputs/{uuid.uuid4()}", {"client": "", "path": "", "known": {}})
        shown = requests.get(f"{lab.jupyter_url}/lab?token={lab.token}", proxies={"http": ""}, timeout=60).text
        assert "jupyterUtilsMissingFormats" in shown
        assert "jupyterUtilsKeepsOutputs" not in shown


@pytest.mark.full
def test_another_class_of_websockets(tmp_path: Path) -> None:
    """Outputs are not kept then; the log says so, and cells run and are saved as ever."""
    home = tmp_path / "home" / ".jupyter"
    home.mkdir(parents=True)
    (home / "jupyter_server_config.py").write_text(OTHER_WEBSOCKETS)
    with servers.lab(tmp_path) as lab:
        with kernels.kernel(lab) as kernel:
            assert kernel.run("print(6 * 7)") == "42\n"
        log = "".join(one.read_text() for one in lab.home.glob(".local/state/jupyter-utils/log/jupyterlab*.log"))
        assert "are not kept: another class of websockets is set (Other)." in log


@pytest.mark.full
def test_a_kernel_that_dies_without_a_page(lab: Started) -> None:
    """The file says so."""
    page = left(lab, f"{SLOW}os._exit(1)")
    page.until(lambda: page.stored() == "before\nThe kernel died while this cell ran: what it had computed is lost.\n")


@pytest.mark.full
def test_interrupt_without_a_page(lab: Started) -> None:
    """The file has the error."""
    page = left(lab, f"{SLOW}time.sleep(300)")
    kernels.api(lab, "POST", f"api/kernels/{page.kernel}/interrupt")
    page.until(lambda: page.stored() == "before\nKeyboardInterrupt")


@pytest.mark.full
def test_input_without_a_page(lab: Started) -> None:
    """The file says that the cell waits, and a page that comes is given the question."""
    page = left(lab, f"{SLOW}input('Name: ')")
    page.until(lambda: "waits for input" in page.stored())
    page.socket = kernels.connect(lab, page.kernel, page.client)
    asked = page.ask()["executions"]
    assert asked[0]["waits"]["content"]["prompt"] == "Name: "
    page.socket.close()
