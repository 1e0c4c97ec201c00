"""However a lab ends, it ends whole: right exit code, no process left, no file that says it still runs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING

import kernels
import psutil
import pytest
import servers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers import Started

# A notebook's child that wants to outlive it: a session of its own, deaf to SIGTERM and SIGHUP.
STUBBORN = """
import subprocess, sys
code = "import signal, time; [signal.signal(s, signal.SIG_IGN) for s in (1, 15)]; print(1, flush=True); time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid)
"""


LIMIT = 40.0
"""Seconds until all must have ended: the product gives 8 to those that are slow, and a busy machine takes its own."""


def below(server: Started) -> list[psutil.Process]:
    return psutil.Process(server.process.pid).children(recursive=True)


def named(processes: list[psutil.Process], module: str) -> psutil.Process:
    return next(process for process in processes if any(part.endswith(module) for part in servers.command_of(process)))


def left(processes: list[psutil.Process], limit: float = LIMIT) -> list[psutil.Process]:
    """Return those that still live after `limit` seconds."""
    _, alive = psutil.wait_procs(processes, timeout=limit)
    return [process for process in alive if lives(process)]


def lives(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@contextlib.contextmanager
def busy_lab(folder: Path, **settings: str) -> Iterator[tuple[Started, list[psutil.Process]]]:
    """Run a lab with a kernel that has a child of its own; with all processes below the launcher."""
    with servers.lab(folder, **settings) as server, kernels.kernel(server) as kernel:
        stubborn = int(kernel.run(STUBBORN))
        processes = below(server)
        assert stubborn in {process.pid for process in processes}
        yield server, processes


@pytest.fixture
def busy(tmp_path: Path):
    """Run both servers, and a notebook."""
    with busy_lab(tmp_path) as running:
        yield running


@pytest.fixture
def busy_alone(tmp_path: Path):
    """Run JupyterLab alone, and a notebook, where it does not matter how many servers there are."""
    with busy_lab(tmp_path, MLFLOW_TRACKING_URI="http://127.0.0.1:9") as running:
        yield running


# Ctrl-C comes again below, from a terminal's key.
@pytest.mark.parametrize(
    "signum", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.full)], ids=["SIGTERM", "Ctrl-C"]
)
def test_a_requested_stop_ends_everything_with_0(busy, signum: int) -> None:
    """SIGTERM (a service manager, Docker) and Ctrl-C end both servers, the kernels and what these started."""
    server, processes = busy
    assert server.stop(signum, LIMIT) == 0
    assert left(processes, 0.5) == []
    said = server.output.partition("Ctrl-C ends everything.")[2].strip()
    assert said == "Stopping ... (once more to end at once)", "what a kernel and a stop always log belongs in the log"
    assert list(server.folder.glob("home/.local/state/jupyter-utils/run/*.json")) == []
    assert servers.run(["url"], server.env, server.folder).returncode == 1


def test_a_killed_jupyterlab_ends_everything(busy) -> None:
    """`kill -9` of JupyterLab ends the lab with 128 + 9, and says so; MLflow's death does not (test_revival.py)."""
    server, processes = busy
    named(processes, "jupyter_app").kill()
    assert server.wait(LIMIT) == 128 + signal.SIGKILL
    assert left(processes, 0.5) == []
    assert "JupyterLab was killed by signal 9" in server.output


def test_a_killed_launcher_leaves_nothing(busy_alone) -> None:
    """`kill -9` of the launcher itself ends everything below it in order."""
    server, processes = busy_alone
    server.process.kill()
    server.wait()
    assert left(processes) == []
    assert list(server.folder.glob("home/.local/state/jupyter-utils/run/*.json")) == []


def test_a_killed_supervisor_leaves_nothing(busy_alone) -> None:
    """`kill -9` of the process between launcher and servers ends everything too."""
    server, processes = busy_alone
    processes[0].kill()
    assert server.wait(LIMIT) == 128 + signal.SIGKILL
    assert left(processes, 0.5) == []
    assert servers.run(["url"], server.env, server.folder).returncode == 1


def test_ctrl_c_while_starting_ends_everything(tmp_path: Path) -> None:
    """A change of mind before the servers answer is a requested stop like any other."""
    with servers.started("lab", tmp_path) as server:
        while not any("mlflow_app" in " ".join(servers.command_of(process)) for process in below(server)):
            time.sleep(0.02)
        processes = below(server)
        assert server.stop(signal.SIGINT, LIMIT) == 0
        assert left(processes, 0.5) == []


def in_terminal(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start JupyterLab alone in a terminal of its own; return it with the end at which the user sits."""
    user, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter_utils", "lab"],
        env=servers.environment(folder, MLFLOW_TRACKING_URI="http://127.0.0.1:9"),
        cwd=folder,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads here
    )
    os.close(terminal)
    seen = b""
    while b"Ctrl-C ends everything" not in seen:
        seen += os.read(user, 4096)
    return process, user


@pytest.mark.parametrize("how", ["the key", "closing the window"])
def test_a_terminal_ends_it(tmp_path: Path, how: str) -> None:
    """Ctrl-C goes to every process in the terminal's foreground, and a closed window can show nothing any more."""
    process, user = in_terminal(tmp_path)
    processes = psutil.Process(process.pid).children(recursive=True)
    if how == "the key":
        os.write(user, b"\x03")
    else:
        os.close(user)
    assert process.wait(LIMIT) == 0
    assert left(processes, 0.5) == []


@pytest.mark.full  # each of them alone is killed above
def test_launcher_and_supervisor_killed_at_once_leave_no_server(busy_alone) -> None:
    """The kernel itself asks the servers to end, and JupyterLab ends its notebooks."""
    server, processes = busy_alone
    stubborn = next(process for process in processes if "SIG_IGN" in " ".join(servers.command_of(process)))
    processes[0].suspend()
    server.process.kill()
    processes[0].kill()
    assert left([process for process in processes if process != stubborn]) == []
    stubborn.kill()
