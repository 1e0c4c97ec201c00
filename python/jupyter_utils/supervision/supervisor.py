"""Servers as one unit: started together, ended together, and watched in between."""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from . import processes
from .guard import STOP_SIGNALS
from .member import Member

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from .member import ServerSpec

STARTING_POLL = 0.1
"""Seconds between two looks at servers that do not answer yet."""
RUNNING_POLL = 1.0
"""Seconds between two looks at the logs of running servers; the end of a server is noticed at once."""
GRACE = 8.0
"""Seconds that servers have to shut down; Docker kills after 10."""


class Reporter(Protocol):
    """What the unit tells whoever shows it to the user."""

    def starting(self, waiting: Sequence[str], seconds: float) -> None: ...
    def ready(self) -> None: ...
    def output(self) -> None: ...
    def ended(self, server: ServerSpec, returncode: int) -> None: ...
    def resting(self, server: ServerSpec, returncode: int | None, pause: float) -> None: ...
    def back(self, server: ServerSpec) -> None: ...
    def late(self, server: ServerSpec) -> None: ...
    def stopping(self) -> None: ...


@dataclass
class Unit:
    """Servers that are started and ended together. `run` blocks until all have ended.

    The end of one ends all, but for those that may be started again (`ServerSpec.revives`).

    Attributes:
        tick: called about once a second once all have answered; must not block.
    """

    servers: Sequence[ServerSpec]
    reporter: Reporter
    tick: Callable[[], None] = lambda: None
    _members: list[Member] = field(default_factory=list)
    _stops: int = 0

    def run(self) -> int:
        """Start all servers, watch them, end them.

        Returns:
            0 after a requested stop; else the exit code of the server that ended first (128 + n after signal n), and
            1 where that is 0 or a server did not answer in time.
        """
        processes.adopt_orphans()
        self._members = [Member(server) for server in self.servers]
        with _wakeups(self._request_stop) as wakeups:
            try:
                for member in self._members:
                    member.start()
                return self._watch(wakeups)
            finally:
                self._end(wakeups)

    def _request_stop(self, _signum: int, _frame: FrameType | None) -> None:
        self._stops += 1

    @property
    def _running(self) -> list[subprocess.Popen[bytes]]:
        return [member.process for member in self._members if member.process is not None]

    def _watch(self, wakeups: socket.socket) -> int:
        began, up = time.monotonic(), False
        while not self._stops:
            processes.reap_strangers(self._running)
            if (code := self._failure()) is not None:
                return code
            self._look(up=up)
            if not up:
                waiting = [member.spec.name for member in self._members if not member.ready]
                self.reporter.starting(waiting, time.monotonic() - began)
                if not waiting:
                    up = True
                    self.reporter.ready()
            self.reporter.output()
            if up:
                self.tick()
            _sleep(wakeups, RUNNING_POLL if up else STARTING_POLL)
        self.reporter.stopping()
        return 0

    def _failure(self) -> int | None:
        """Return the exit code with which a server's end, or silence, ends all; let the others be started again."""
        for member in self._members:
            if member.is_late and not member.revivable:
                self.reporter.late(member.spec)
                return 1
            if not member.has_ended and not member.is_late:
                continue
            code = None if member.is_late or member.process is None else member.process.returncode
            if not member.may_return:
                self.reporter.ended(member.spec, code or 0)
                return processes.exit_code(code or 0) or 1
            self.reporter.resting(member.spec, code, member.rest())
        return None

    def _look(self, *, up: bool) -> None:
        for member in self._members:
            member.revive()
            if member.look() and up:
                self.reporter.back(member.spec)

    def _end(self, wakeups: socket.socket) -> None:
        """Send SIGTERM to the servers; after `GRACE` seconds, or a second request, SIGKILL to all that is left."""
        asked, deadline = self._stops, time.monotonic() + GRACE
        for running in self._running:
            with contextlib.suppress(ProcessLookupError):
                running.send_signal(signal.SIGTERM)
        while any(running.poll() is None for running in self._running):
            if time.monotonic() > deadline or self._stops > max(asked, 1):
                break
            _sleep(wakeups, STARTING_POLL)
        processes.end_descendants()
        for running in self._running:
            running.wait()
        for _ in range(2):  # the second look ends what the first one waits for
            self.reporter.output()


@contextlib.contextmanager
def _wakeups(stop: Callable[[int, FrameType | None], None]) -> Iterator[socket.socket]:
    """Make a socket that becomes readable when a signal arrives; stop signals also call `stop`."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    for signum in STOP_SIGNALS:
        signal.signal(signum, stop)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(-1)
        reader.close()
        writer.close()


def _sleep(wakeups: socket.socket, seconds: float) -> None:
    """Wait no longer than until a signal arrives."""
    if select.select([wakeups], [], [], seconds)[0]:
        wakeups.recv(64)
