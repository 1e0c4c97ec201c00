"""What a kernel knows about itself: whether it is one, its id, where it started, which cell is running."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

# jupyter_client names the connection file of a kernel after the kernel's id.
_CONNECTION_FILE = re.compile(r"^kernel-(?P<id>[0-9a-fA-F-]+)\.json$")


def shell() -> Any:
    """Return IPython's shell in a Jupyter kernel; None in a plain script and in IPython's terminal."""
    ipython = sys.modules.get("IPython")
    # Another thread may be importing it at this moment: then this is no kernel, where it is imported long since.
    ask = getattr(ipython, "get_ipython", None)
    found = ask() if ask else None
    return found if getattr(found, "kernel", None) is not None else None


def kernel_id() -> str | None:
    """Return the id under which a Jupyter server knows this kernel; None where the connection file has another name."""
    try:
        from ipykernel.connect import get_connection_file

        name = Path(get_connection_file()).name
    except (ImportError, RuntimeError, OSError):
        return None
    return id_in_name(name)


def id_in_name(connection_file: str) -> str | None:
    """Return the id for which a connection file is named; None where the name tells none."""
    match = _CONNECTION_FILE.match(connection_file)
    return match["id"] if match else None


def is_forked() -> bool:
    """Tell whether this is a child that a kernel has forked: it knows all that the kernel knows, but reaches nobody."""
    running = shell()
    return running is not None and running.kernel.session.pid != os.getpid()


def client() -> str | None:
    """Return the session of the front end whose request is running: JupyterLab has one for each open notebook."""
    session: str | None = _request().get("header", {}).get("session")
    return session


def running_cell() -> str | None:
    """Return the front end's id of the cell that is running; None where it tells none."""
    cell: str | None = (_request().get("metadata") or {}).get("cellId")
    return cell


def _request() -> dict[str, Any]:
    running = shell()
    try:
        return (running.get_parent() if running else None) or {}
    except (AttributeError, LookupError):  # a kernel that is not ipykernel, or no request yet
        return {}


def publish(message: str) -> None:
    """Send a message without content to all front ends, as part of what the running request shows."""
    running = shell()
    if running is not None:
        owner = running.kernel
        owner.session.send(owner.iopub_socket, message, {}, parent=running.get_parent(), ident=message.encode("ascii"))


def variable(name: str) -> str | None:
    """Return a text that a front end put into the user's variables, such as `__vsc_ipynb_file__`."""
    running = shell()
    value = running.user_ns.get(name) if running else None
    return value if isinstance(value, str) and value else None


def start_directory() -> Path:
    """Return the directory where the kernel started, whatever `%cd` has done since."""
    running = shell()
    visited = running.user_ns.get("_dh") if running else None
    return Path(visited[0]) if visited else Path.cwd()


def cell_source() -> str | None:
    """Return the source of the cell that is running, as the user typed it; None where no history is kept."""
    running = shell()
    history = running.history_manager.input_hist_raw if running and running.history_manager else [""]
    return history[-1] if len(history) > 1 and history[-1].strip() else None
