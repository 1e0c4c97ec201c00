"""One server of a unit: its process, whether it answers, and when it is started again after its end."""

from __future__ import annotations

import contextlib
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_utils.machine.readiness import answers

from . import processes

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds until a server that has ended is started again: twice as many each time."""
STEADY = 300.0
"""Seconds that it must have lived for the pauses to begin anew."""


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
        revives: whether it is started again when it ends, once it has answered, or when it is killed before; the end of
            any other ends the unit.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    health: str
    start_limit: float = 180.0
    revives: bool = False


@dataclass
class Member:
    """A server of a unit, from its first start on.

    Attributes:
        spec: how it is started.
        process: the one that runs, or ran last.
        ready: whether it has answered since its last start.
        revivable: whether its end ends nothing else: it has answered before, and may be started again.
        pause: seconds before its next start.
    """

    spec: ServerSpec
    process: subprocess.Popen[bytes] | None = None
    ready: bool = False
    revivable: bool = False
    pause: float = FIRST_PAUSE
    _began: float = 0.0
    _again: float | None = None

    def start(self) -> None:
        """Start its process."""
        self._began, self._again, self.ready = time.monotonic(), None, False
        self.process = processes.start(self.spec.argv, env=self.spec.env, log=self.spec.log)

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def has_ended(self) -> bool:
        """Whether its process ended, which nobody has dealt with yet."""
        return self._again is None and not self.is_alive

    @property
    def was_killed(self) -> bool:
        """Whether it ended by SIGKILL, as by the OOM killer: that says nothing of its settings."""
        return self.process is not None and self.process.returncode == -signal.SIGKILL

    @property
    def may_return(self) -> bool:
        """Whether its end, or its silence, ends nothing else."""
        return self.revivable or (self.spec.revives and self.was_killed)

    @property
    def is_late(self) -> bool:
        """Whether it should have answered by now."""
        return self.is_alive and not self.ready and time.monotonic() - self._began > self.spec.start_limit

    def look(self) -> bool:
        """Ask whether it answers; return whether that is news."""
        if self.ready or not self.is_alive or not answers(self.spec.health):
            return False
        self.ready, self.revivable = True, self.spec.revives
        return True

    def rest(self) -> float:
        """Let it be started again after a pause, and return that."""
        self.end_rest_of()
        now = time.monotonic()
        if now - self._began > STEADY:
            self.pause = FIRST_PAUSE
        pause, self.pause = self.pause, min(self.pause * 2, LONGEST_PAUSE)
        self._again, self.ready = now + pause, False
        return pause

    def revive(self) -> None:
        """Start it again if its pause is over; where there is no room for a process now, after a further pause."""
        if self._again is None or time.monotonic() < self._again:
            return
        try:
            self.start()
        except OSError:
            self.rest()

    def end_rest_of(self) -> None:
        """End what its process left: a worker that still holds the port would keep the next one from it."""
        if self.process is None:
            return
        for left in processes.in_session(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                left.send_signal(signal.SIGKILL)
