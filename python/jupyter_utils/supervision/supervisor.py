"""Servers as one unit: started together, ended together, and watched in between."""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from jupyter_utils.machine.readiness import answers

from . import processes
from .guard import STOP_SIGNALS

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import FrameType

STARTING_POLL = 0.1
"""Seconds between two looks at servers that do not answer yet."""
RUNNING_POLL = 1.0
"""Seconds between two looks at the logs of running servers; the end of a server is noticed at once."""
GRACE = 8.0
"""Seconds that servers have to shut down; Docker kills after 10."""


@dataclass(frozen=True)
class ServerSpec:
    """How to start a server and how to see that it is ready.

    Attributes:
        name: what users call it.
        argv: its command.
        env: its whole environment.
        log: file that gets its output.
        health: address that answers 200 once it is ready.
        start_limit: seconds until it must answer.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    health: str
    start_limit: float = 180.0


class Reporter(Protocol):
    """What the unit tells whoever shows it to the user."""

    def starting(self, waiting: Sequence[str], seconds: float) -> None: ...
    def ready(self) -> None: ...
    def output(self) -> None: ...
    def ended(self, server: ServerSpec, returncode: int) -> None: ...
    def late(self, server: ServerSpec) -> None: ...
    def stopping(self) -> None: ...


@dataclass
class Unit:
    """Servers that live and die together. `run` blocks until all have ended.

    Attributes:
        tick: called about once a second while all run; must not block.
    """

    servers: Sequence[ServerSpec]
    reporter: Reporter
    tick: Callable[[], None] = lambda: None
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _stops: int = 0

    def run(self) -> int:
        """Start all servers, watch them, end them.

        Returns:
            0 after a requested stop; else the exit code of the server that ended first (128 + n after signal n), and
            1 where that is 0 or a server did not answer in time.
        """
        processes.adopt_orphans()
        with _wakeups(self._request_stop) as wakeups:
            try:
                for server in self.servers:
                    self._running[server.name] = processes.start(server.argv, env=server.env, log=server.log)
                return self._watch(wakeups)
            finally:
                self._end(wakeups)

    def _request_stop(self, _signum: int, _frame: FrameType | None) -> None:
        self._stops += 1

    def _watch(self, wakeups: socket.socket) -> int:
        began = time.monotonic()
        waiting = list(self.servers)
        while not self._stops:
            processes.reap_strangers(list(self._running.values()))
            if (server := self._dead()) is not None:
                returncode = self._running[server.name].returncode
                self.reporter.ended(server, returncode)
                return processes.exit_code(returncode) or 1
            if waiting:
                elapsed = time.monotonic() - began
                waiting = [server for server in waiting if not answers(server.health)]
                if late := next((server for server in waiting if elapsed > server.start_limit), None):
                    self.reporter.late(late)
                    return 1
                self.reporter.starting([server.name for server in waiting], elapsed)
                if not waiting:
                    self.reporter.ready()
            self.reporter.output()
            if not waiting:
                self.tick()
            _sleep(wakeups, STARTING_POLL if waiting else RUNNING_POLL)
        self.reporter.stopping()
        return 0

    def _dead(self) -> ServerSpec | None:
        return next((server for server in self.servers if self._running[server.name].poll() is not None), None)

    def _end(self, wakeups: socket.socket) -> None:
        """Send SIGTERM to the servers; after `GRACE` seconds, or a second request, SIGKILL to all that is left."""
        asked, deadline = self._stops, time.monotonic() + GRACE
        for running in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                running.send_signal(signal.SIGTERM)
        while any(running.poll() is None for running in self._running.values()):
            if time.monotonic() > deadline or self._stops > max(asked, 1):
                break
            _sleep(wakeups, STARTING_POLL)
        processes.end_descendants()
        for running in self._running.values():
            running.wait()
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
