"""What the user sees: lines that stay, and one that moves. What a terminal does not show is in a log file."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
import time
from collections import deque
from pathlib import Path

from . import masked

REPOSITORY = Path(__file__).resolve().parents[3]
SPARSE = 20.0
"""Seconds between two lines of progress where no terminal shows one that moves."""
KEPT = 10
"""Log files that stay."""


class Screen:
    """The terminal, or whatever stands in its place."""

    def __init__(self, program: str) -> None:
        """Lines begin with the name of the program."""
        self.program = program
        self.moves = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.lock = threading.RLock()
        self.moving = ""
        self.told = time.monotonic()

    def say(self, text: str) -> None:
        """Write lines that stay."""
        with self.lock:
            standing, self.told = self.moving, time.monotonic()
            self.clear()
            self.write(f"{self.program}: {masked(text)}\n")
            if standing:
                self.draw(standing)

    def show(self, text: str) -> None:
        """Write the line that moves; without a terminal, now and then, a line that stays."""
        with self.lock:
            if self.moves:
                self.draw(f"{self.program}: {masked(text)}")
            elif time.monotonic() - self.told >= SPARSE:
                self.say(text)

    def draw(self, line: str) -> None:
        """Replace the moving line; it must not reach the edge, or the terminal breaks it."""
        width = 80
        with contextlib.suppress(OSError):
            width = os.get_terminal_size(sys.stderr.fileno()).columns or width
        self.moving = line
        self.write(f"\r\033[K{line[: width - 1]}")

    def clear(self) -> None:
        """Remove the moving line."""
        with self.lock:
            if self.moving:
                self.write("\r\033[K")
            self.moving = ""

    @staticmethod
    def write(text: str) -> None:
        """Write at once; the terminal may have been closed."""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)
            sys.stderr.flush()


class Log:
    """The details, in a file below .cache; credentials are masked."""

    def __init__(self, name: str) -> None:
        """Name a file of one's own, since two of us may run at once; it is made by the first line."""
        self.path = log_folder() / f"{time.strftime('%Y%m%d-%H%M%S')}-{name}-{os.getpid()}.log"
        self.last: deque[str] = deque(maxlen=200)
        self.lock = threading.Lock()

    def add(self, line: str) -> None:
        """Write a line."""
        line = masked(line)
        with self.lock:
            self.last.append(line)
            # Details are worth no failure: the disk may be full.
            with contextlib.suppress(OSError), self.path.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")

    def mention(self, message: str) -> str:
        """Add an error to the file; return it with the words where the details are."""
        self.add(message)
        return f"{message}\nAll details: {relative(self.path)}"


def log_folder() -> Path:
    """Return the folder for log files, with room made in it; a read-only checkout has none."""
    folder = REPOSITORY / ".cache" / "log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir())
    if not os.access(folder, os.W_OK):
        return Path(tempfile.gettempdir())
    for old in sorted(folder.glob("*.log"))[: -KEPT + 1]:
        old.unlink(missing_ok=True)
    return folder


def relative(path: Path) -> str:
    """Return the shorter way to name a file."""
    near = os.path.relpath(path)
    return str(path) if near.startswith("..") else near
