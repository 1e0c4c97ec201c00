"""What Linux offers so that no process is left behind: death signals, adopted orphans, and ending a whole tree."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
# Loaded here, not between fork and exec, where nothing may allocate or lock.
_libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans() -> None:
    """Make orphaned descendants this process's children (prctl(2)), so that they can be found and ended."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(signum: int = signal.SIGTERM) -> None:
    """Have the kernel send `signum` to this process when its parent ends, however that ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0)


def start(
    argv: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own (the terminal's Ctrl-C is for its supervisor), its output in `log`."""
    parent = os.getpid()

    def prepare() -> None:
        die_with_parent()
        if os.getppid() != parent:  # it ended before the line above
            os._exit(1)

    with _opened(log) as output:
        return subprocess.Popen(
            list(argv),
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=prepare,  # noqa: PLW1509 - no thread exists while servers start
        )


def _opened(log: Path) -> IO[bytes]:
    """Open a log; where that fails, its server works without one."""
    try:
        return log.open("ab")
    except OSError:
        return Path(os.devnull).open("ab")


def exit_code(returncode: int) -> int:
    """Return a shell's exit code of a process: 128 + n for one that signal n ended."""
    return returncode if returncode >= 0 else 128 - returncode


def descendants() -> list[psutil.Process]:
    """Return all living processes below this one, adopted orphans included."""
    return [child for child in psutil.Process().children(recursive=True) if _alive(child)]


def in_session(leader: int) -> list[psutil.Process]:
    """Return those of them that are in the session which the process of this number began: a server and its workers."""
    return [child for child in descendants() if _session(child.pid) == leader]


def _session(pid: int) -> int | None:
    with contextlib.suppress(ProcessLookupError):
        return os.getsid(pid)
    return None


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def end_descendants(grace: float = 1.0) -> None:
    """Ask everything below this process to end, then make it; children are reaped.

    Args:
        grace: seconds between SIGTERM and SIGKILL.
    """
    _signal_all(signal.SIGTERM)
    deadline = time.monotonic() + grace
    while descendants() and time.monotonic() < deadline:
        reap_strangers(())
        time.sleep(0.02)
    # A tree may grow while it is being cut: until nothing is left, within reason.
    for _ in range(100):
        if not _signal_all(signal.SIGKILL):
            break
        reap_strangers(())
        time.sleep(0.02)
    reap_strangers(())


def _signal_all(signum: int) -> int:
    found = descendants()
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signum)
    return len(found)


def reap_strangers(own: Sequence[subprocess.Popen[Any]]) -> None:
    """Collect ended orphans; those that `Popen` objects stand for are left to these."""
    pids = {process.pid for process in own if process.returncode is None}
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid not in pids:
            os.waitpid(ended.si_pid, 0)
