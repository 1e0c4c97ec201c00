"""Pages that run a cell and leave, seen from the server: websockets take their place."""

from __future__ import annotations

import json
import os
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import kernels
from calling import write_notebook

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import websocket
    from servers import Started

LIMIT = 60.0
"""Seconds to wait for what the server writes."""
SLOW = "import os, time\nprint('before', flush=True)\ntime.sleep(2)\n"
"""Source of a cell that goes on for a while after it has printed."""


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
        except (FileNotFoundError, json.JSONDecodeError):  # the server is writing it
            return ""
        return "".join("".join(one.get("text") or one.get("ename") or one["data"]["text/plain"]) for one in outputs)

    def until(self, what: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT
        while not what():
            assert time.monotonic() < deadline, self.file.read_text() if self.file.exists() else "the file is not there"
            time.sleep(0.1)


def opened(server: Started, source: str, folder: str = "", owner: int | None = None) -> Page:
    name = f"{folder}no-page-{uuid.uuid4().hex[:8]}.ipynb"
    (server.root_dir / name).parent.mkdir(parents=True, exist_ok=True)
    file = write_notebook(server.root_dir / name, source)
    if owner is not None:
        for one in (file.parent, file):
            os.chown(one, owner, owner)
    kernels.api(server, "GET", f"api/contents/{name}?content=1&type=notebook")
    body = {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
    kernel = kernels.api(server, "POST", "api/sessions", body)["kernel"]["id"]
    client = str(uuid.uuid4())
    page = Page(server, name, kernel, client, kernels.connect(server, kernel, client))
    page.ask()
    return page


def left(server: Started, source: str, typed: str | None = None, folder: str = "", owner: int | None = None) -> Page:
    """Run a cell that begins with `SLOW`, and leave while it goes on.

    `typed` is what the page shows otherwise than the file.
    """
    page = opened(server, source, folder, owner)
    page.run(typed)
    while json.loads(page.socket.recv())["header"]["msg_type"] != "stream":  # until it has printed
        pass
    page.socket.close()
    return page
