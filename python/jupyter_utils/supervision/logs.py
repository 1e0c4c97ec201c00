"""The servers' output: whole in a file each, and on the screen only what a user should see."""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING

from jupyter_utils.machine.files import make_private_dir, state_dir

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Jupyter writes "[W 2026-01-31 ...]", Python's logging and uvicorn write the level as a word.
_NOTABLE = re.compile(r"^\[[WEC] |\b(?:WARNING|ERROR|CRITICAL)\b|^Traceback ")
_ENTRY = re.compile(r"^\[[A-Z] |^\d{4}[-/]\d\d[-/]\d\d |^(?:DEBUG|INFO):")
# Seen at every start or stop, of a server or a kernel, and nothing that the reader could change.
_HARMLESS = re.compile(
    r"StarletteDeprecationWarning|This feature is still experimental|received signal 15, stopping"
    r"|Kernel is running over TCP without encryption|websocket_ping_(?:interval|timeout)"
    r"|\] Notebook .* is not trusted$|UserWarning: date_default is deprecated"
)

# Tabs that are closed, kernels that end, the end of the lab: seen by trying each, with kernels that print. What is
# written then goes nowhere; the log has it all the same. A traceback is judged by its last line alone.
_GONE = re.compile(r"Got events for closed stream <zmq\.")
# A request that failed: its headers, which Jupyter's server writes besides; and where it was of the panel of Git, which
# says so itself, or shows nothing, as in a repository without a commit, or without its remote.
_REQUEST = re.compile(r"^\[E [^\]]*\] (?:\{$|500 POST \S*/git/)")
_EVENT = re.compile(
    r"^(?:zmq\.error\.ZMQError: Socket operation on non-socket"
    r"|tornado\.iostream\.StreamClosedError: Stream is closed|tornado\.websocket\.WebSocketClosedError"
    r"|starlette\.requests\.ClientDisconnect|KeyboardInterrupt)$"
)
_TRACE = re.compile(r"^[\s+|]*(?:Exception Group )?Traceback \(most recent call last\)")
# After these comes a traceback that belongs to them; the last one begins without any level.
_NEVER = re.compile(r"^(?:Task|Future) exception was never retrieved")
_HEADS = re.compile(r"Exception in |Uncaught exception|exception was never retrieved")
_CHAINED = re.compile(r"^(?:During handling of|The above exception was)")


def log_file(server: str, port: int) -> Path:
    """Make an empty log file of mode 0600 for a server, whose last one is kept beside it."""
    folder = make_private_dir(state_dir() / "log", "XDG_STATE_HOME")
    path = folder / f"{server.lower()}-{port}.log"
    if path.exists():
        path.replace(path.with_suffix(".old.log"))
    path.touch(mode=0o600)
    return path


class Tail:
    """Reads what has been added to a log file since the last look."""

    def __init__(self, path: Path, *, everything: bool = False) -> None:
        self._path = path
        self._everything = everything
        self._position = 0
        self._rest = ""
        self._notable = Notable()

    def lines(self) -> Iterator[str]:
        """Yield new lines that a user should see: all of them, or warnings, errors and the traces that follow these.

        What a traceback says at its end decides whether it is shown: half a one waits for the next look.
        """
        data = self._new()
        *whole, self._rest = (self._rest + data.decode("utf-8", errors="replace")).split("\n")
        if self._everything:
            yield from whole
            return
        for line in whole:
            yield from self._notable.add(line)
        if not data or self._notable.is_whole:
            yield from self._notable.end()

    def _new(self) -> bytes:
        # A log that was deleted, or a disk that fails, is no reason to end what writes it.
        with contextlib.suppress(OSError), self._path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < self._position:
                self._position = 0  # another file, or one that somebody has emptied
            file.seek(self._position)
            data = file.read()
            self._position += len(data)
            return data
        return b""


class Notable:
    """Puts lines together to entries, and lets those through that a user should see."""

    def __init__(self) -> None:
        self._entry: list[str] = []

    @property
    def is_whole(self) -> bool:
        """Whether no more need come: no traceback began, or it has come to the line that names the exception."""
        if not self._entry:
            return True
        if not any(map(_TRACE.search, self._entry)):
            return not _HEADS.search(self._entry[0])
        last = _last(self._entry)
        return not (last.startswith(" ") or _TRACE.search(last) or _CHAINED.search(last))

    def add(self, line: str) -> list[str]:
        """Take the next line, and give the entry before, where this one begins another."""
        if _HARMLESS.search(line):
            return self.end()
        if _NEVER.search(line) or (_NOTABLE.search(line) and not self._goes_on(line)):
            done = self.end()
            self._entry = [line]
            return done
        if _ENTRY.search(line):
            return self.end()
        if self._entry and line.strip():
            self._entry.append(line)
        return []

    def end(self) -> list[str]:
        """Return the entry that is there, unless it is of an ordinary event."""
        entry, self._entry = self._entry, []
        return [] if entry and _ordinary(entry) else entry

    def _goes_on(self, line: str) -> bool:
        """Tell whether a traceback belongs to the entry: its first one, or one that another led to."""
        if not line.startswith("Traceback ") or not self._entry:
            return False
        first = _HEADS.search(self._entry[0]) and not any(map(_TRACE.search, self._entry))
        return bool(first or _CHAINED.search(self._entry[-1]))


def _ordinary(entry: list[str]) -> bool:
    if _GONE.search(entry[0]) or _REQUEST.search(entry[0]):
        return True
    return any(map(_TRACE.search, entry)) and _EVENT.search(_last(entry)) is not None


def _last(entry: list[str]) -> str:
    """Return the last line of an entry with a traceback, as if that stood at the margin: Jupyter indents its own."""
    head = next((line for line in entry if line.lstrip().startswith("Traceback ")), "")
    return entry[-1].removeprefix(head[: len(head) - len(head.lstrip())])


def last_lines(path: Path, count: int = 20) -> list[str]:
    """Return the end of a log file."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    except OSError as error:
        return [f"(it cannot be read: {error})"]
