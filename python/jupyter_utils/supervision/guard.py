"""A small process in front of the supervisor, so that even `kill -9` leaves nothing behind.

The supervisor ends the servers when it is asked to, but nobody can ask a process that SIGKILL has ended. So there are
two: the front, which the user's shell sees, and the supervisor below it. If the front is killed, the kernel tells the
supervisor, which shuts down in order; if the supervisor is killed, the front inherits its orphans and ends them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING

from . import processes

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_guarded(supervise: Callable[[], int]) -> int:
    """Run `supervise` in a child process; hand on signals; leave no process behind.

    Args:
        supervise: returns the exit code; it is sent SIGTERM when this process ends, however it ends.

    Returns:
        the exit code of `supervise`, 128 + n if signal n ended it.
    """
    processes.adopt_orphans()
    sys.stdout.flush()
    sys.stderr.flush()
    front = os.getpid()
    # Blocked until the child stands and the handlers are in place: a Ctrl-C in between would be lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    child = os.fork()
    if child == 0:
        _supervise(supervise, front)
    _forward_signals(child)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    _, status = os.waitpid(child, 0)
    processes.end_descendants()
    return processes.exit_code(os.waitstatus_to_exitcode(status))


def _supervise(supervise: Callable[[], int], front: int) -> None:
    code = 1
    try:
        # A group of its own: the terminal sends Ctrl-C to the front alone, which hands it on once.
        os.setpgid(0, 0)
        processes.die_with_parent()
        if os.getppid() == front:
            code = supervise()
    except BaseException:  # noqa: BLE001 - a forked child must never return into the caller's stack
        with contextlib.suppress(OSError):
            traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _forward_signals(child: int) -> None:
    def forward(signum: int, _frame: FrameType | None) -> None:
        os.kill(child, signum)

    for signum in STOP_SIGNALS:
        signal.signal(signum, forward)
