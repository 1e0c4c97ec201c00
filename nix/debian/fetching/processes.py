"""Commands that end with this program, and how this program itself is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

from . import guard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

running: set[subprocess.Popen[str]] = set()
"""What a signal ends."""
ending = threading.Event()
"""Set by the first signal: nothing long is begun any more."""


class Ended(BaseException):
    """A signal told us to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Signals:
    """The first signal ends what runs in good order, a second Ctrl-C at once."""

    def __init__(self) -> None:
        """Listen; what the caller ignores (nohup, a job in the background) stays ignored."""
        for number in guard.SIGNALS:
            if signal.getsignal(number) not in {signal.SIG_IGN, None}:
                signal.signal(number, self.receive)

    def receive(self, number: int, _frame: Any) -> None:
        """Raise in the main thread, wherever it is."""
        if ending.is_set():
            # With a terminal the shell above us ends, too, which brings further signals: no hurry is meant by those.
            if number == signal.SIGINT:
                # The guards see their parent end, and do the rest.
                os._exit(128 + number)
            return
        ending.set()
        end_all()
        raise Ended(number)


def end_with(parent: int | None) -> None:
    """Let this program end when `parent`, which started it, ends in whatever way."""
    if parent is None:
        return
    guard.prctl(guard.SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        raise Ended(signal.SIGTERM)


def die_by(number: int) -> None:
    """End as the signal would have ended this program, so that the shell above ends, too."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def start(words: Sequence[str], *, grace: float = 0, **options: Any) -> subprocess.Popen[str]:
    """Start a command under a guard; a Ctrl-C in the terminal reaches it by us alone."""
    own = [sys.executable, "-ISB", guard.__file__, str(os.getpid()), str(grace)]
    return subprocess.Popen(
        [*own, *words], stdin=subprocess.DEVNULL, start_new_session=True, text=True, errors="replace", **options
    )


def end_all() -> None:
    """End what runs; its guards do it."""
    for process in list(running):
        process.terminate()


def output(words: Sequence[str]) -> tuple[int, str, str]:
    """Run a short command to its end; return its exit code, output and messages."""
    process = start(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, messages = process.communicate()
    return process.returncode, out, messages


def lines(
    words: Sequence[str],
    each: Callable[[str], None],
    *,
    env: Mapping[str, str] | None = None,
    grace: float = 0,
) -> int:
    """Run a long command, hand on each line that it prints, return its exit code; a signal ends it."""
    process = start(words, env=env, grace=grace, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    running.add(process)
    if ending.is_set():
        process.terminate()
    try:
        for line in process.stdout or ():
            each(line.rstrip("\n"))
        return process.wait()
    finally:
        running.discard(process)


class Background(threading.Thread):
    """A function in a thread; `result` waits and raises what it raised."""

    def __init__(self, work: Callable[[], None]) -> None:
        """Start at once."""
        # No daemon: the kernel ends a command with the thread that started it.
        super().__init__()
        self.work = work
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Do the work."""
        try:
            self.work()
        except BaseException as error:  # noqa: BLE001 - handed on by result
            self.error = error

    def result(self) -> None:
        """Wait for the end."""
        self.join()
        if self.error is not None:
            raise self.error
