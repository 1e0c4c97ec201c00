"""Terminals of a running lab: the environment's programs are found, in the folder that the file browser shows."""

from __future__ import annotations

import contextlib
import json
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import kernels
import pytest
import servers
import websocket

if TYPE_CHECKING:
    from servers import Started

ELSEWHERE = "http://127.0.0.1:9"


def said(server: Started, asked: str, body: dict[str, str] | None = None) -> list[str]:
    """Type a line into a new terminal, made by the API as the page does, and return what it writes."""
    name = kernels.api(server, "POST", "api/terminals", body or {})["name"]
    address = f"{server.jupyter_url.replace('http', 'ws', 1)}/terminals/websocket/{name}?token={server.token}"
    file = server.folder / f"said-{uuid.uuid4().hex}"
    with contextlib.closing(websocket.create_connection(address, timeout=60, http_no_proxy=["*"])) as socket:
        socket.send(json.dumps(["stdin", f"{{ {asked}; }} >{file} 2>&1; echo EN''DED\r"]))
        shown = ""
        while "ENDED" not in shown:
            kind, text = json.loads(socket.recv())[:2]
            shown += text if kind == "stdout" else ""
    kernels.api(server, "DELETE", f"api/terminals/{name}")
    return file.read_text(encoding="utf-8").splitlines()


def test_programs_and_folder(lab: Started) -> None:
    """`jupyter-utils`, `python`, `mlflow`, `pip` are the environment's, and talk to the lab's MLflow."""
    own = Path(sys.executable).parent
    lines = said(lab, "command -v python; command -v mlflow; command -v pip; echo $MLFLOW_TRACKING_URI; pwd")
    assert lines[:2] == [f"{own}/python", f"{own}/mlflow"]
    assert "jupyter-utils/environments" in lines[2]  # ours, which puts packages into the overlay
    assert lines[3:] == [lab.mlflow_url, str(lab.root_dir)]


@pytest.mark.parametrize("asked", ["data", "data/日本語 データ", "", "gone"])
def test_the_folder_is_the_file_browsers(asked: str, lab: Started) -> None:
    """Below its root, though the folder in which the lab was started has one of that name; else the root."""
    for root in (lab.root_dir, lab.folder):
        (root / "data" / "日本語 データ").mkdir(parents=True, exist_ok=True)
    folder = lab.root_dir / asked
    assert said(lab, "pwd", {"cwd": asked}) == [str(folder if folder.is_dir() else lab.root_dir)]


@pytest.mark.full
def test_a_shell_that_the_user_has_configured(tmp_path: Path) -> None:
    """A `shell_command` in the user's configuration is started as it stands there."""
    config = tmp_path / "home" / ".jupyter" / "jupyter_server_config.py"
    config.parent.mkdir(parents=True)
    config.write_text("c.ServerApp.terminado_settings = {'shell_command': ['/bin/sh']}\n", encoding="utf-8")
    with servers.lab(tmp_path, MLFLOW_TRACKING_URI=ELSEWHERE) as server:
        assert said(server, "echo $0; pwd") == ["/bin/sh", str(server.root_dir)]
