"""What the user of a terminal sees of the servers."""

from __future__ import annotations

import contextlib
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from .logs import Tail, last_lines
from .notify import notify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .member import ServerSpec

REPEAT = 10.0
"""Seconds after which a log without a terminal is told again that a server is being waited for."""


def _say(text: str, *, nl: bool = True, err: bool = False) -> None:
    # A terminal that was closed, or a pipe that nobody reads any more, is no reason to end the servers.
    with contextlib.suppress(OSError):
        click.echo(text, nl=nl, err=err)


def _how(returncode: int) -> str:
    return f"was killed by signal {-returncode}" if returncode < 0 else f"ended with exit code {returncode}"


@dataclass
class Console:
    """Progress while servers start, `summary` once they answer, warnings and errors of theirs after that.

    Attributes:
        summary: lines that tell where everything is.
        verbose: show all output of the servers.
        on_ready: called once, before `summary` is shown.
        on_end: called with a server's name and with what became of it, when it ended and is started again.
    """

    servers: Sequence[ServerSpec]
    summary: Sequence[str]
    verbose: bool = False
    on_ready: Callable[[], None] = lambda: None
    on_end: Callable[[str, str], None] = lambda _name, _what: None
    _tails: dict[str, Tail] = field(default_factory=dict)
    _shown: str = ""
    _next: float = 0.0

    def __post_init__(self) -> None:
        self._tails = {server.name: Tail(server.log, everything=self.verbose) for server in self.servers}

    def starting(self, waiting: Sequence[str], seconds: float) -> None:
        if not waiting:
            return
        text = f"Starting {' and '.join(waiting)} ..."
        if sys.stderr.isatty():
            _say(f"\r\x1b[K{text} {seconds:.0f} s", nl=False, err=True)
            self._shown = text
        elif text != self._shown or seconds > self._next:
            _say(text if text != self._shown else f"{text} {seconds:.0f} s", err=True)
            self._shown, self._next = text, seconds + REPEAT

    def ready(self) -> None:
        self._clear()
        self.on_ready()
        notify("READY=1", "STATUS=Running")
        for line in self.summary:
            _say(line)

    def output(self) -> None:
        for server in self.servers:
            for line in self._tails[server.name].lines():
                self._clear()
                _say(f"{server.name}: {line}", err=True)

    def ended(self, server: ServerSpec, returncode: int) -> None:
        self._failure(server, f"{server.name} {_how(returncode)}; everything else is ended too.")

    def resting(self, server: ServerSpec, returncode: int | None, pause: float) -> None:
        how = "does not answer, and was ended" if returncode is None else _how(returncode)
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        self._tell(
            server, f"{now} {server.name} {how}. It is started again in {pause:g} s; all else goes on.", "yellow"
        )
        self.on_end(server.name, f"{how} at {now}")

    def back(self, server: ServerSpec) -> None:
        self._tell(server, f"{time.strftime('%Y-%m-%d %H:%M:%S')} {server.name} answers again.", "green")
        notify("STATUS=Running")

    def _tell(self, server: ServerSpec, message: str, colour: str) -> None:
        """Say what happens to one server, and write it into its log, between the lines of its lives."""
        self._clear()
        notify(f"STATUS={message}")
        _say(click.style(message, fg=colour), err=True)
        with contextlib.suppress(OSError), server.log.open("a", encoding="utf-8") as log:
            log.write(f"INFO: {message}\n")

    def late(self, server: ServerSpec) -> None:
        self._failure(server, f"{server.name} did not answer on {server.health} in {server.start_limit:g} s.")

    def stopping(self) -> None:
        self._clear()
        notify("STOPPING=1")
        _say("Stopping ... (once more to end at once)", err=True)

    def _failure(self, server: ServerSpec, message: str) -> None:
        self._clear()
        notify(f"STATUS={message}")
        _say(click.style(message, fg="red"), err=True)
        _say(f"The end of {server.log}:", err=True)
        for line in last_lines(server.log):
            _say(f"  {line}", err=True)

    def _clear(self) -> None:
        if self._shown and sys.stderr.isatty():
            _say("\r\x1b[K", nl=False, err=True)
            self._shown = ""
