"""Cells that run while no page is there, seen from the server: websockets take the place of pages."""

from __future__ import annotations

import json
import shutil
import time
import uuid
from typing import TYPE_CHECKING

import kernels
import pytest
import requests
import servers
from away import LIMIT, SLOW, left

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Started

OTHER_WEBSOCKETS = """
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

class Other(ZMQChannelsWebsocketConnection):
    pass

c.ServerApp.kernel_websocket_connection_class = Other
"""


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


def test_the_lab_ends(tmp_path: Path) -> None:
    """What came last is in the file, which says why there is no more; and JupyterLab ends by itself, and at once."""
    with servers.lab(tmp_path, MLFLOW_TRACKING_URI="http://127.0.0.1:9") as lab:
        done = left(lab, SLOW)
        done.until(lambda: done.stored() == "before\n")
        page = left(lab, f"{SLOW}time.sleep(300)")
        assert lab.stop() == 0
        assert page.stored().startswith("before\n")
        assert page.stored().endswith("The kernel was shut down while this cell ran.\n")
        assert not page.beside.exists()
        (log,) = (lab.home / ".local/state/jupyter-utils/log").glob("jupyterlab-*.log")
        assert log.read_text().count("received signal 15") == 1, "it had to be asked twice"


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
