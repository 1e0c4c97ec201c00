"""Ask the running Jupyter servers which notebook has this kernel: the one answer that is right after a rename."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyter_utils.machine.addresses import is_loopback, is_wildcard
from jupyter_utils.machine.variables import given

# Servers of this machine answer in milliseconds; a hung one must not hold the kernel.
TIMEOUT_SECONDS = 3.0
# The one that has started the kernel knows best, and may be busy for a while, say with a large notebook.
OWN_TIMEOUT_SECONDS = 20.0
# How long one may write a large notebook and its twin.
WRITE_SECONDS = 60.0

# Where the servers of our lab tell which front ends are connected (`servers.jupyter_app.clients`).
CLIENTS_PATH = "jupyter-utils/clients"
# Where they keep outputs that come while no front end is there (`servers.jupyter_app.outputs`).
OUTPUTS_PATH = "jupyter-utils/outputs"

# Tokens that a kernel finds in its environment: set by hand, by jupyter_server's own launchers, by JupyterHub.
_TOKENS = ("JUPYTER_TOKEN", "JPY_API_TOKEN", "JUPYTERHUB_API_TOKEN")


@dataclass(frozen=True)
class Session:
    """A notebook that a server has opened with this kernel, and how many browsers are connected to the kernel."""

    path: Path
    connections: int


def find_sessions(kernel: str) -> list[Session]:
    """Return the notebooks of all running servers of this user that use the kernel with this id; usually one.

    A server that does not answer, or refuses every token known here, counts as one that has none.
    """
    found: list[Session] = []
    for server in _servers():
        with suppress(OSError, ValueError, KeyError, TypeError):
            found += _sessions_of(server, kernel, OWN_TIMEOUT_SECONDS if _is_own(server) else TIMEOUT_SECONDS)
        if found:
            break
    return found


def connected_clients(kernel: str, seconds: float = TIMEOUT_SECONDS) -> frozenset[str] | None:
    """Return the front ends that are connected to a kernel, by their sessions; None where no server tells.

    Args:
        kernel: its id.
        seconds: how long to wait for the server that has started the kernel.

    Raises:
        TimeoutError: that one is there, and does not answer.
    """
    for server in _servers():
        is_own = _is_own(server)
        try:
            told = _ask(server, f"{CLIENTS_PATH}/{kernel}", seconds=seconds if is_own else TIMEOUT_SECONDS)
            return frozenset(told["clients"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            if is_own and _is_silence(error):
                raise TimeoutError(f"{server['url']} did not answer within {seconds:g} s") from error
    return None


def write_outputs(kernel: str) -> tuple[bool, str] | None:
    """Have the server put what a kernel's cells have shown into the notebook's file, for a front end that is away.

    Returns:
        whether all of it is there, and why not; None where no server keeps outputs.
    """
    for server in _servers():
        with suppress(OSError, ValueError, KeyError, TypeError):
            told = _ask(server, f"{OUTPUTS_PATH}/{kernel}/write", "POST", WRITE_SECONDS)
            return bool(told["written"]), str(told["why"])
    return None


def _servers() -> list[dict[str, Any]]:
    """Read the files in which running servers of this user announce themselves, the kernel's own parent first.

    Not `jupyter_server.list_running_servers`: importing it takes half a second, and a kernel's environment need
    not hold a server at all.
    """
    from jupyter_core.paths import jupyter_runtime_dir

    servers = []
    for file in Path(jupyter_runtime_dir()).glob("jpserver-*.json"):
        with suppress(OSError, ValueError):
            servers.append(json.loads(file.read_text(encoding="utf-8")))
    return sorted(servers, key=lambda server: not _is_own(server))


def _is_own(server: dict[str, Any]) -> bool:
    return server.get("pid") == os.getppid()


def _is_silence(error: Exception) -> bool:
    import requests

    return isinstance(error, requests.Timeout)


def _sessions_of(server: dict[str, Any], kernel: str, seconds: float) -> list[Session]:
    root = Path(server.get("root_dir") or server["notebook_dir"])
    known = _ask(server, "api/sessions", seconds=seconds)
    sessions = [one for one in known if (one.get("kernel") or {}).get("id") == kernel]
    found = []
    for session in sessions:
        # Consoles and terminals on the same kernel have a path too, but no notebook of theirs.
        path = (session.get("notebook") or session).get("path", "")
        if session.get("type", "notebook") == "notebook" and path:
            file = Path(os.path.normpath(root / path.removeprefix("RTC:").lstrip("/")))
            found.append(Session(file, int(session["kernel"].get("connections", 0))))
    return [one for one in found if one.path.is_file()]


def _ask(server: dict[str, Any], path: str, method: str = "GET", seconds: float = TIMEOUT_SECONDS) -> Any:
    """Ask one page of a server's API with the first token that it takes.

    Raises:
        OSError: it takes none.
    """
    import requests

    tokens = [server.get("token"), *(given(name) for name in _TOKENS)]
    url = server["url"].rstrip("/") + "/" + path
    host = urlsplit(url).hostname
    with requests.Session() as client:
        # The server is this user's own: never through a proxy, and not with the credentials of a .netrc.
        client.trust_env = False
        # Its certificate, if it has one, is usually of its own making.
        client.verify = not (is_loopback(host) or is_wildcard(host))
        for token in dict.fromkeys(token for token in tokens if token is not None):
            headers = {"Authorization": f"token {token}"} if token else {}
            answer = client.request(method, url, headers=headers, timeout=seconds, allow_redirects=False)
            if answer.ok and answer.headers.get("Content-Type", "").startswith("application/json"):
                return answer.json()
    raise OSError(f"no token known here opens {url}")
