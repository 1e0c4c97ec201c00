"""Real kernels of a running lab, used as the browser uses them: a session of JupyterLab's API and its websocket."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
import websocket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import Started


def api(server: Started, method: str, path: str, body: Any = None) -> Any:
    """Call JupyterLab's API; its answer as Python objects, None if it is empty."""
    answer = requests.request(
        method,
        f"{server.jupyter_url}/{path}",
        json=body,
        headers={"Authorization": f"token {server.token}"},
        proxies={"http": "", "https": ""},
        timeout=60,
    )
    answer.raise_for_status()
    return answer.json() if answer.content else None


@dataclass
class Kernel:
    """A kernel that runs cells; `id` is its number in JupyterLab's API."""

    id: str
    server: Started
    socket: websocket.WebSocket

    def run(self, source: str, limit: float = 120.0) -> str:
        """Run a cell; all text that it shows.

        Raises AssertionError with the traceback if the cell raises.
        """
        return self._collect(self.send(source), time.monotonic() + limit)

    def run_until(self, source: str, shown: str, limit: float = 300.0) -> None:
        """Start a cell, and return when it has shown this text; it goes on running."""
        self._collect(self.send(source), time.monotonic() + limit, shown)

    def send(self, source: str) -> str:
        """Start a cell, not waited for; the number of the message."""
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": "execute_request",
            "username": "",
            "session": uuid.uuid4().hex,
        }
        content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        self.socket.send(json.dumps(message))
        return header["msg_id"]

    def _collect(self, msg_id: str, deadline: float, wanted: str | None = None) -> str:
        text: list[str] = []
        while time.monotonic() < deadline:
            if wanted is not None and wanted in "".join(text):
                return "".join(text)
            # Pings are asked for, too: recv() would answer them for ever, and never look at the clock.
            kind, data = self.socket.recv_data(control_frame=True)
            if kind != websocket.ABNF.OPCODE_TEXT:
                continue
            message = json.loads(data)
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            content = message["content"]
            match message["header"]["msg_type"]:
                case "stream":
                    text.append(content["text"])
                case "execute_result" | "display_data":
                    text.append(content["data"].get("text/plain", ""))
                case "error":
                    raise AssertionError("\n".join([*text, *content["traceback"]]))
                case "status" if content["execution_state"] == "idle":
                    return "".join(text)
        raise AssertionError(f"no answer in time: {''.join(text)}")

    def restart(self) -> None:
        """Restart, as "Restart Kernel" does, and connect anew.

        On the old connection a cell that comes at once may lose its output, and with it the word that it has ended. On
        a new one the server first waits until the kernel's output gets through.
        """
        self.socket.close()
        api(self.server, "POST", f"api/kernels/{self.id}/restart")
        self.socket = connect(self.server, self.id)


def connect(server: Started, kernel_id: str, client: str | None = None) -> websocket.WebSocket:
    """Open the websocket of a kernel, as a browser tab does; `client` is the tab's session."""
    address = f"{server.jupyter_url.replace('http', 'ws', 1)}/api/kernels/{kernel_id}/channels"
    query = f"session_id={client or uuid.uuid4()}&token={server.token}"
    # Browsers say what they fetch; a server of JupyterHub's takes a token in an address from a websocket alone.
    header = ["Sec-Fetch-Mode: websocket"]
    return websocket.create_connection(f"{address}?{query}", timeout=120, header=header, http_no_proxy=["*"])


@contextlib.contextmanager
def kernel(server: Started, notebook: str = "test.ipynb") -> Iterator[Kernel]:
    """Start a kernel for the notebook at this path below the root directory; it is ended after the block."""
    body = {"path": notebook, "name": notebook, "type": "notebook", "kernel": {"name": "python3"}}
    session = api(server, "POST", "api/sessions", body)
    running = Kernel(session["kernel"]["id"], server, connect(server, session["kernel"]["id"]))
    try:
        yield running
    finally:
        running.socket.close()
        # A test may have ended the server meanwhile, and the kernel with it.
        if server.process.poll() is None:
            api(server, "DELETE", f"api/sessions/{session['id']}")
