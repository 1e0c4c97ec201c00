"""A real JupyterHub with one user: its proxy, and the single-user server that its spawner has started."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests
import servers
from jupyter_utils.supervision.processes import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# A name that its server's addresses can only hold in an encoded form.
USER = "花子"
# The one that is written in Python, which needs no Node.
_PROXY = "from configurable_http_proxy.cli import main; main()"


def lab_program(folder: Path) -> Path:
    """Write the program of a lab, which a hub starts as it starts any; skips the test where there is no JupyterHub."""
    pytest.importorskip("jupyterhub", reason="JupyterHub is not installed")
    pytest.importorskip("configurable_http_proxy", reason="a hub's proxy is not installed")
    program = folder / "lab"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m jupyter_utils lab -- "$@"\n')
    program.chmod(0o700)
    return program


@dataclass
class UserServer(servers.Started):
    """The user's single-user server, seen through the hub's proxy; `process` is the hub.

    Attributes:
        user_token: a token that the hub gave to the user, as it gives one to the user's browser.
        root: the folder that the server shows.

    """

    user_token: str
    root: Path

    @property
    def jupyter_url(self) -> str:
        return f"{super().jupyter_url}/user/{quote(USER)}"

    @property
    def root_dir(self) -> Path:
        return self.root

    @property
    def token(self) -> str:
        return self.user_token


def _pages() -> str:
    found = importlib.util.find_spec("jupyterhub")
    return str(Path(str(found and found.origin)).parents[4] / "share" / "jupyterhub")


def _config(folder: Path, env: dict[str, str], token: str, spawner: Mapping[str, Any]) -> str:
    values = {
        "JupyterHub.bind_url": f"http://127.0.0.1:{env['JUPYTER_PORT']}",
        # Where its pages are, which it looks for beside the interpreter.
        "JupyterHub.data_files_path": _pages(),
        "JupyterHub.hub_port": servers.free_port(),
        "JupyterHub.db_url": f"sqlite:///{folder}/hub.sqlite",
        "JupyterHub.cookie_secret_file": f"{folder}/cookie_secret",
        "ConfigurableHTTPProxy.command": [sys.executable, "-c", _PROXY],
        "ConfigurableHTTPProxy.api_url": f"http://127.0.0.1:{servers.free_port()}",
        "ConfigurableHTTPProxy.pid_file": f"{folder}/proxy.pid",
        "JupyterHub.authenticator_class": "dummy",
        "Authenticator.allow_all": True,
        "JupyterHub.spawner_class": "simple",
        "SimpleLocalProcessSpawner.home_dir_template": f"{folder}/home/{{username}}",
        "Spawner.cmd": [sys.executable, "-m", "jupyterhub.singleuser"],
        "Spawner.args": ["--allow-root"] if os.geteuid() == 0 else [],
        "Spawner.notebook_dir": "~/notebooks",
        "Spawner.start_timeout": int(servers.START_LIMIT),
        "Spawner.http_timeout": int(servers.START_LIMIT),
        "JupyterHub.services": [{"name": "tests", "api_token": token}],
        "JupyterHub.load_roles": [
            {"name": "tests", "services": ["tests"], "scopes": ["admin:users", "admin:servers", "tokens"]}
        ],
        **{f"Spawner.{name}": value for name, value in spawner.items()},
    }
    return "".join(f"c.{name} = {value!r}\n" for name, value in values.items())


@contextlib.contextmanager
def hub(folder: Path, *, command: Sequence[str] = (), **environment: str) -> Iterator[UserServer]:
    """Run a hub until the server of its user is ready; ended with all its processes after the block.

    Args:
        folder: gets everything that hub, proxy and server write.
        command: what starts the server, where that is not the tests' own Python; it decides on the server's folder.
        environment: variables for the server, as `Spawner.environment` in a hub's configuration.

    """
    env = servers.environment(folder)
    if "PYTHONPATH" in env:
        environment["PYTHONPATH"] = env["PYTHONPATH"]
    token = secrets.token_hex(16)
    spawner: dict[str, Any] = {"environment": environment}
    if command:
        spawner |= {"cmd": list(command), "notebook_dir": "", "args": []}
    (folder / "jupyterhub_config.py").write_text(_config(folder, env, token, spawner), encoding="utf-8")
    root = folder / "home" / USER / "notebooks"
    root.mkdir(parents=True)
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", folder / "jupyterhub_config.py"],
            env=env,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - a test run that is killed leaves no hub
        )
        started = UserServer(process, folder, env, "", root)
        try:
            try:
                started.user_token = _start_server(started, token)
            except requests.RequestException as error:
                raise AssertionError(f"the hub started no server: {error}\n{started.output}") from error
            yield started
        finally:
            process.terminate()
            try:
                process.wait(60)
            finally:
                process.kill()


def _start_server(started: UserServer, token: str) -> str:
    """Make the user, have the spawner start the server, and give the user's token."""
    deadline = time.monotonic() + 2 * servers.START_LIMIT
    _until(deadline, started, lambda: _api(started, token, "GET", ""))
    user = f"/users/{quote(USER)}"
    _api(started, token, "POST", user)
    _api(started, token, "POST", f"{user}/server")
    _until(deadline, started, lambda: _api(started, token, "GET", user)["servers"][""]["ready"])
    return str(_api(started, token, "POST", f"{user}/tokens")["token"])


def _api(started: UserServer, token: str, method: str, path: str) -> Any:
    """Call the hub's own API through its proxy."""
    base = f"http://127.0.0.1:{started.env['JUPYTER_PORT']}/hub/api"
    headers = {"Authorization": f"token {token}"}
    answer = requests.request(method, base + path, headers=headers, proxies={"http": ""}, timeout=60)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def _until(deadline: float, started: UserServer, ready: Any) -> None:
    while True:
        with contextlib.suppress(requests.RequestException, KeyError):
            if ready():
                return
        if started.process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the hub did not come up:\n{started.output}")
        time.sleep(0.2)
