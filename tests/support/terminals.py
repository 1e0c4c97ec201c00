"""JupyterLab's terminals, used as the page does: made by its API, typed into by its websocket."""

from __future__ import annotations

import base64
import contextlib
import json
import re
from typing import TYPE_CHECKING

import kernels
import websocket

if TYPE_CHECKING:
    from servers import Started


def said(server: Started, asked: str, body: dict[str, str] | None = None) -> list[str]:
    """Type a line of shell into a new terminal, and return the lines that it writes.

    Args:
        server: the lab.
        asked: the line.
        body: what the page asks for the terminal with, such as {"cwd": "data"}.
    """
    name = kernels.api(server, "POST", "api/terminals", body or {})["name"]
    address = f"{server.jupyter_url.replace('http', 'ws', 1)}/terminals/websocket/{name}?token={server.token}"
    shown = ""
    with contextlib.closing(websocket.create_connection(address, timeout=120, http_no_proxy=["*"])) as socket:
        # In signs that no shell and no width of a terminal changes.
        socket.send(json.dumps(["stdin", f"echo BEG''IN$({{ {asked}; }} 2>&1 | base64 -w0)EN''D\r"]))
        while (found := re.search("BEGIN([0-9A-Za-z+/=]*)END", shown)) is None:
            kind, text = json.loads(socket.recv())[:2]
            shown += text if kind == "stdout" else ""
    kernels.api(server, "DELETE", f"api/terminals/{name}")
    return base64.b64decode(found[1]).decode().splitlines()
