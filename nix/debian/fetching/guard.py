"""Run a command that ends when its caller ends, however that ends, and leave no process of it behind.

    python3 guard.py PID-OF-THE-CALLER SECONDS COMMAND ...

A signal, or the end of the caller, ends the command: by SIGTERM, and after SECONDS by SIGKILL, all its children with
it. As "subreaper" this process inherits those whose own parent is gone. (Python's -I and -S will do: nothing else of
this package is needed.)
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SET_PDEATHSIG, SET_CHILD_SUBREAPER = 1, 36
"""Of <linux/prctl.h>."""
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
NOT_FOUND = 127
"""What a shell answers where there is no such command."""


def prctl(option: int, value: int) -> None:
    """Ask something of the kernel for this process."""
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def main(parent: int, grace: float, words: list[str]) -> int:
    """Run the command and return its exit code, as a shell counts it."""
    for number in SIGNALS:
        signal.signal(number, stop)
    prctl(SET_CHILD_SUBREAPER, 1)
    prctl(SET_PDEATHSIG, signal.SIGTERM)
    try:
        if os.getppid() != parent:
            return 128 + signal.SIGTERM
        code = subprocess.Popen(words, preexec_fn=die_with_parent).wait()  # noqa: PLW1509 - there is one thread here
    except FileNotFoundError:
        sys.stderr.write(f"{words[0]}: not found\n")
        return NOT_FOUND
    except SystemExit:
        ask_to_end(grace)
        raise
    else:
        return code if code >= 0 else 128 - code
    finally:
        end_all()


def stop(number: int, _frame: Any) -> None:
    """End this process: its children follow. Later signals change nothing any more."""
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    sys.exit(128 + number)


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the guard is killed."""
    prctl(SET_PDEATHSIG, signal.SIGKILL)


def ask_to_end(seconds: float) -> None:
    """Send SIGTERM to the direct children and give them `seconds` to tidy up."""
    limit = time.monotonic() + seconds
    if seconds:
        send(children(), signal.SIGTERM)
    while reap() and time.monotonic() < limit:
        time.sleep(0.02)


def end_all() -> None:
    """Kill all that is left, until nothing is."""
    while reap():
        send(descendants(), signal.SIGKILL)
        time.sleep(0.01)


def reap() -> bool:
    """Take notice of children that ended; whether there are others."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
        return True
    return False


def send(processes: set[int], number: int) -> None:
    """Send a signal to processes that may be gone meanwhile."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)


def children() -> set[int]:
    """Return the processes that this one started or inherited."""
    return {process for process, parent in parents().items() if parent == os.getpid()}


def descendants() -> set[int]:
    """Return the children, their children, and so on."""
    known = parents()
    found: set[int] = set()
    new = {os.getpid()}
    while new:
        new = {process for process, parent in known.items() if parent in new} - found
        found |= new
    return found


def parents() -> dict[int, int]:
    """Return process -> parent of all processes in sight."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # The name of the program, in brackets, may itself hold brackets and spaces.
            found[int(folder.name)] = int((folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    return found


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
