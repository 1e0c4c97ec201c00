"""The lab's errand beside its servers: have `jupyter-utils sync` send what waits, in a process of its own."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jupyter_utils.supervision import processes
from jupyter_utils.supervision.logs import log_file

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

FIRST, LONGEST = 5.0, 300.0
"""Seconds until something that waits is sent, and at most between two tries while a server stays away."""


@dataclass
class Background:
    """Starts a sender when entries wait in the spool; `tick` costs one look at a folder.

    Attributes:
        spool: the folder.
        env: the environment of the sender: that of the notebooks, with MLflow's password.
    """

    spool: Path
    env: Mapping[str, str]
    _sender: subprocess.Popen[bytes] | None = None
    _seen: frozenset[str] = frozenset()
    _pause: float = FIRST
    _next: float = field(default_factory=lambda: time.monotonic() + FIRST)

    def tick(self) -> None:
        """Start a sender if it is time for one."""
        if self._sender is not None and self._sender.poll() is None:
            return
        waiting = self._waiting()
        if waiting - self._seen:
            # Something new: its own call may still be sending it, so not at once.
            self._pause = FIRST
            self._next = time.monotonic() + FIRST
        self._seen = waiting
        if waiting and time.monotonic() >= self._next:
            self._pause = min(self._pause * 2, LONGEST)
            self._next = time.monotonic() + self._pause
            self._start()

    def _waiting(self) -> frozenset[str]:
        with contextlib.suppress(OSError):
            return frozenset(path.name for path in (self.spool / "entries").iterdir())
        return frozenset()

    def _start(self) -> None:
        with contextlib.suppress(OSError):  # no process or no room for a log now: later
            argv = [sys.executable, "-P", "-m", "jupyter_utils.runs.sync"]
            self._sender = processes.start(argv, env=self.env, log=log_file("sync", os.getpid()))
