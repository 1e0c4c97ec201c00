"""Real servers for tests: started as users start them, on free ports, with everything they write in one folder."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import reached
from jupyter_utils.machine.readiness import answers
from jupyter_utils.supervision.processes import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# As the console script: the current folder is none of Python's places.
LAUNCHER = (sys.executable, "-P", "-m", "jupyter_utils")
START_LIMIT = 120.0
"""Seconds until a server must answer, on a machine that does other work too."""


@dataclass
class Started(reached.Servers):
    """A running launcher.

    Attributes:
        process: `python -m jupyter_utils lab|mlflow`.
        folder: everything it writes: `home`, `notebooks`, `mlflow`, and its output in `output.txt`.
        env: its environment; give it to other commands that are to see the same files.

    """

    process: subprocess.Popen[bytes]
    folder: Path
    env: dict[str, str]

    @property
    def home(self) -> Path:
        return Path(self.env["HOME"])

    @property
    def host(self) -> str:
        """The address under which it reaches this machine."""
        return "127.0.0.1"

    @property
    def root_dir(self) -> Path:
        return Path(self.env["JUPYTER_ROOT_DIR"])

    @property
    def store_dir(self) -> Path:
        return Path(self.env["MLFLOW_STORE_DIR"])

    @property
    def output(self) -> str:
        """All that the launcher has printed."""
        return (self.folder / "output.txt").read_text(encoding="utf-8", errors="replace")

    @property
    def lab_url(self) -> str:
        """The printed address of JupyterLab, with its token."""
        return reached.lab_url(self.output)

    def wait(self, limit: float = 30.0) -> int:
        """Return the launcher's exit code, once it has ended."""
        return self.process.wait(limit)

    def stop(self, signum: int = signal.SIGTERM, limit: float = 30.0) -> int:
        """Ask it to end, and wait until it has."""
        self.process.send_signal(signum)
        return self.wait(limit)


def processes(server: Started) -> list[psutil.Process]:
    """List the launcher and everything below it."""
    launcher = psutil.Process(server.process.pid)
    return [launcher, *launcher.children(recursive=True)]


def command_of(process: psutil.Process) -> list[str]:
    """Return how a process was called; nothing where it has ended meanwhile."""
    with contextlib.suppress(psutil.Error):
        return process.cmdline()
    return []


# Below those that the system gives to whoever asks for any, and none twice: what is remembered of a port, such as which
# store answered there, is of one server.
_PORTS = iter(random.SystemRandom().sample(range(20_000, 32_768), 12_768))


def free_port() -> int:
    """Find a port that nothing listens on now, and that no earlier server of these tests had."""
    for port in _PORTS:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is left")


def environment(folder: Path, **settings: str | None) -> dict[str, str]:
    """Make an environment that keeps everything below `folder`; settings of None are left out.

    Where nothing is said of passwords, MLflow asks for none, whoever else has an account on the tests' machine.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JUPYTER", "MLFLOW", "JPY_", "IPYTHON", "XDG_", "GIT_"))
        and name.lower() not in ("http_proxy", "https_proxy", "no_proxy", "listen_address")
    }
    if "PYTHONPATH" in kept:  # kernels run elsewhere, and must find the package all the same
        kept["PYTHONPATH"] = os.pathsep.join(
            str(Path(part).absolute()) for part in kept["PYTHONPATH"].split(os.pathsep)
        )
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    given: dict[str, str | None] = {
        "HOME": str(home),
        "JUPYTER_PORT": str(free_port()),
        "MLFLOW_PORT": str(free_port()),
        "JUPYTER_ROOT_DIR": str(folder / "notebooks"),
        "MLFLOW_STORE_DIR": str(folder / "mlflow"),
        "MLFLOW_AUTH": None if "LISTEN_ADDRESS" in settings else "off",
        **settings,
    }
    return kept | {name: value for name, value in given.items() if value is not None}


def run(
    command: Sequence[str], env: Mapping[str, str], folder: Path, limit: float = 120.0
) -> subprocess.CompletedProcess[str]:
    """Run `jupyter-utils COMMAND` to its end; its output as text."""
    argv = [*LAUNCHER, *command]
    return subprocess.run(argv, env=dict(env), cwd=folder, capture_output=True, text=True, timeout=limit, check=False)


@contextlib.contextmanager
def started(command: str, folder: Path, *extra: str, **settings: str | None) -> Iterator[Started]:
    """Start `jupyter-utils lab` or `mlflow`, not waited for; ended with all its processes after the block.

    Args:
        command: `lab` or `mlflow`.
        folder: gets everything it writes.
        extra: its arguments.
        settings: environment variables; None leaves one out.

    """
    env = environment(folder, **settings)
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            [*LAUNCHER, command, *extra],
            env=env,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,  # as a shell starts it
            preexec_fn=die_with_parent,  # noqa: PLW1509 - a test run that is killed leaves no server
        )
        try:
            yield Started(process, folder, env)
        finally:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(30)
            finally:
                process.kill()


def wait_ready(server: Started, *urls: str, limit: float = START_LIMIT) -> None:
    """Wait until all answer and the launcher has said so."""
    deadline = time.monotonic() + limit
    while not (all(answers(url) for url in urls) and "Ctrl-C ends everything" in server.output):
        if server.process.poll() is not None:
            raise AssertionError(f"ended with {server.process.returncode} before it was ready:\n{server.output}")
        if time.monotonic() > deadline:
            raise AssertionError(f"not ready in {limit:g} s:\n{server.output}")
        time.sleep(0.1)


@contextlib.contextmanager
def lab(folder: Path, *extra: str, **settings: str | None) -> Iterator[Started]:
    """Run a lab until it is ready: JupyterLab and, unless MLFLOW_TRACKING_URI is given, MLflow."""
    with started("lab", folder, *extra, **settings) as server:
        own = [] if settings.get("MLFLOW_TRACKING_URI") else [f"{server.mlflow_url}/health"]
        wait_ready(server, f"{server.jupyter_url}/api", *own)
        yield server


@contextlib.contextmanager
def mlflow(folder: Path, *extra: str, **settings: str | None) -> Iterator[Started]:
    """Run an MLflow server until it is ready."""
    with started("mlflow", folder, *extra, **settings) as server:
        wait_ready(server, f"{server.mlflow_url}/health")
        yield server
