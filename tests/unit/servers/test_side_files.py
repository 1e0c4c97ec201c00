"""Files with outputs beside a notebook: nothing that anybody else wrote is written over; and names that follow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import loops
import pytest
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from jupyter_utils.servers.jupyter_app.moved import move_keys, moved
from jupyter_utils.servers.jupyter_app.outputs.executions import Execution
from jupyter_utils.servers.jupyter_app.outputs.side_file import SideFiles
from jupyter_utils.servers.jupyter_app.outputs.support import missing

if TYPE_CHECKING:
    from pathlib import Path


def ran(cell: str, printed: str) -> Execution:
    one = Execution(cell, cell, f"source of {cell}", "page", count=1)
    one.outputs.write("stdout", printed, 1)
    return one


def texts(path: Path) -> list[str]:
    cells = json.loads(path.read_text())["cells"]
    return ["".join(one["outputs"][0]["text"]) for one in cells if one["cell_type"] == "code"]


def test_side_files(tmp_path: Path) -> None:
    """Cells of one kernel come into one file, until somebody changes it or takes it away; a user's own stays."""
    files, notebook = SideFiles(), tmp_path / "n.ipynb"
    own = tmp_path / "n.outputs.ipynb"
    own.write_text("the user's own")

    def put(*those: Execution, kernel: str = "kernel", at: Path = notebook) -> Path:
        return loops.finished(files.put(kernel, at, those, {}))

    second = put(ran("a", "1"))
    assert second.name == "n.outputs-2.ipynb"
    assert put(ran("b", "2")) == put(ran("a", "3")) == second
    assert texts(second) == ["3", "2"]
    second.write_text(edited := f"{second.read_text()}\n")
    third = put(ran("c", "4"))
    assert (third.name, texts(third)) == ("n.outputs-3.ipynb", ["4"])
    third.unlink()
    assert (put(ran("d", "5")), texts(third)) == (third, ["5"])
    assert put(ran("e", "6"), kernel="another").name == "n.outputs-4.ipynb"
    (tmp_path / "other").mkdir()
    assert put(ran("f", "7"), at=tmp_path / "other" / "n.ipynb").parent == tmp_path / "other"
    assert (own.read_text(), second.read_text()) == ("the user's own", edited)


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    """Says so, and works again once the folder is there."""
    files, notebook = SideFiles(), tmp_path / "gone" / "n.ipynb"
    with pytest.raises(OSError, match="gone"):
        loops.finished(files.put("kernel", notebook, [ran("a", "1")], {}))
    notebook.parent.mkdir()
    assert texts(loops.finished(files.put("kernel", notebook, [ran("a", "1")], {}))) == ["1"]


def test_names_that_follow() -> None:
    """A file, or a folder above it; nothing that only begins alike."""
    assert moved("a/n.ipynb", "a/n.ipynb", "b.ipynb") == "b.ipynb"
    assert moved("a/b/n.ipynb", "a", "c/d") == "c/d/b/n.ipynb"
    assert moved("ab/n.ipynb", "a", "c") == "ab/n.ipynb"
    kept = {"a/n.ipynb": 1, "x": 2}
    move_keys(kept, "a", "c")
    assert kept == {"c/n.ipynb": 1, "x": 2}


def test_another_jupyter_server() -> None:
    """What is used and not promised is there in this one, and its absence is found in another."""
    kernels = AsyncMappingKernelManager()
    assert missing(ZMQChannelsWebsocketConnection, kernels) == []
    assert missing(type("Later", (), {}), kernels)[0] == "_open_sessions"
    assert missing(ZMQChannelsWebsocketConnection, object()) == ["_kernel_buffers"]
