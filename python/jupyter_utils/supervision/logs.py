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
)


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
        self._inside_notable = False

    def lines(self) -> Iterator[str]:
        """Yield new lines that a user should see: all of them, or warnings, errors and the traces that follow these."""
        data = self._new()
        *whole, self._rest = (self._rest + data.decode("utf-8", errors="replace")).split("\n")
        for line in whole:
            if self._everything or self._is_notable(line):
                yield line

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

    def _is_notable(self, line: str) -> bool:
        if _HARMLESS.search(line):
            self._inside_notable = False
        elif _NOTABLE.search(line):
            self._inside_notable = True
        elif _ENTRY.search(line):
            self._inside_notable = False
        return self._inside_notable and bool(line.strip())


def last_lines(path: Path, count: int = 20) -> list[str]:
    """Return the end of a log file."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    except OSError as error:
        return [f"(it cannot be read: {error})"]
