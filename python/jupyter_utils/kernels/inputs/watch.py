"""What this process has opened for reading, and what it has written itself, as Python's audit events tell it."""

from __future__ import annotations

import os
import stat
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .digests import Digest, Digests, Identity, identity
from .places import environment, is_below

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTED = 10_000
"""Files that are listed; those beyond are only counted, so that a million of them costs neither time nor memory."""
_COUNTED = 200_000
_REMEMBERED = 50_000
# What is to be overwritten by this process is read before, up to this size, so that its digest is known.
_KEPT_BYTES = 64 * 2**20
_WRITTEN_KEPT = 200_000
_READ_AND_WRITE = os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass(slots=True)
class Input:
    """A file that was read.

    `path` is absolute, as it was opened; `identity` is what lay there then; `cells` are the numbers of the executions
    that opened it; `digest` that of what was read, where this process was about to change it; `lost` what it then did.
    """

    path: str
    identity: Identity
    cells: list[int]
    notes: list[str] = field(default_factory=list)
    digest: Digest | None = None
    lost: str = ""
    by_hand: bool = False

    def note(self, text: str) -> None:
        """Add a remark, once."""
        if text not in self.notes:
            self.notes.append(text)


class Watch:
    """Everything that was seen; `cell` is the number of the running or last cell, None where there are no cells.

    What it is told never raises, since it is told in the middle of a user's call: a failure makes the record partial.
    """

    def __init__(self) -> None:
        self.inputs: dict[str, Input] = {}
        self.written: dict[str, None] = {}
        self.ran: set[str] = set()
        self.children: dict[str, None] = {}
        self.partial: dict[str, None] = {}
        self.hub_addresses: dict[str, None] = {}
        self.digests = Digests()
        self.cell: int | None = None
        self._more: set[int] = set()
        self._filled: dict[str, int] = {}
        self._outside = environment()
        self._opened: dict[Any, Input] = {}
        self._paused: dict[int, frozenset[int]] = {}

    @property
    def more(self) -> int:
        """How many further files were opened that are not listed; at most 200,000 are counted."""
        return len(self._more)

    # What is called at every opening: short, and nothing is done twice for a path in one cell.

    def opened(self, path: Any, flags: int) -> None:
        """Take note of an opening."""
        if self._paused and self._is_paused():
            return
        if flags & os.O_ACCMODE:
            self.writes(path, flags)
            return
        found = self._opened.get(path)
        if found is None:
            self.reads(path)
        elif self.cell is not None and found.cells[-1:] != [self.cell]:
            self._again(found)

    def reads(self, path: Any, *, by_hand: bool = False) -> Input | None:
        """Take note that a file is read; what is no regular file, or is not there, is none."""
        if isinstance(path, int):
            return None
        name = absolute(path)
        known = self.inputs.get(name)
        if known is None:
            if not by_hand and self._is_uninteresting(name):
                return None
            with suppress(OSError, ValueError):  # it is not there, or no name of a file
                found = os.stat(name)
                if stat.S_ISREG(found.st_mode) and (by_hand or not self._is_filled(name, found)):
                    known = self.inputs[name] = Input(name, identity(found), self._cells())
        elif self.cell is not None and known.cells[-1:] != [self.cell]:
            self._again(known)
        if known is not None:
            known.by_hand |= by_hand
            self._remember(path, known)
        return known

    def _cells(self) -> list[int]:
        return [] if self.cell is None else [self.cell]

    def _is_uninteresting(self, name: str) -> bool:
        if is_below(name, self._outside) or name in self.written:
            return True
        if len(self.inputs) >= LISTED:
            if len(self._more) < _COUNTED:
                self._more.add(hash(name))
            return True
        return False

    def _is_filled(self, name: str, found: os.stat_result) -> bool:
        """Tell whether a writer of this process was given the folder, and the file is younger than that."""
        return any(name.startswith(folder) and found.st_mtime_ns > since for folder, since in self._filled.items())

    def _remember(self, path: Any, known: Input) -> None:
        if len(self._opened) >= _REMEMBERED:
            self._opened.clear()
        self._opened[path] = known

    def _again(self, known: Input) -> None:
        """Take note that another cell reads a file: what lies there now is what counts."""
        if self.cell is None or known.path in self.written:
            return
        before = known.cells[-1:]
        known.cells.append(self.cell)
        with suppress(OSError):
            now = identity(os.stat(known.path))
            if now != known.identity and not known.lost:
                if before:
                    known.note(f"it was another when cell [{before[0]}] read it")
                known.identity, known.digest = now, None

    def writes(self, path: Any, flags: int = os.O_WRONLY) -> None:
        """Take note that this process writes a file: what it reads of it later is its own."""
        if isinstance(path, int):
            return
        name = absolute(path)
        if is_below(name, self._outside):
            return
        if name not in self.written and flags & os.O_ACCMODE == os.O_RDWR and not flags & _READ_AND_WRITE:
            known = self.reads(name)  # opened to be changed in place: that is reading, too
            if known is not None:
                self.loses(name, "opened for writing, too")
            return
        self.loses(name, "overwritten by this notebook" if self.cell is not None else "overwritten by this program")
        self._add_written(name)

    def _add_written(self, name: str) -> None:
        if len(self.written) < _WRITTEN_KEPT:
            self.written[name] = None
        if name not in self.inputs:
            self._opened.pop(name, None)

    def loses(self, name: str, how: str) -> None:
        """Keep the digest of an input that this process is about to change or remove."""
        known = self.inputs.get(name)
        if known is None or known.lost:
            return
        with suppress(OSError):
            if known.identity[2] <= _KEPT_BYTES and identity(os.stat(name)) == known.identity:
                _, known.digest = self.digests.take(name)
        known.lost = how

    def moves(self, source: Any, target: Any) -> None:
        """Take note of a renaming: what was this process's own stays that under its new name."""
        old, new = absolute(source), absolute(target)
        what = "notebook" if self.cell is not None else "program"
        self.loses(old, f"renamed by this {what} to {new}")
        self.loses(new, f"overwritten by this {what}")
        below = f"{old}/"
        for name in [one for one in self.written if one == old or one.startswith(below)]:
            del self.written[name]
            self._add_written(new + name[len(old) :])

    def removes(self, path: Any) -> None:
        """Take note that a file or a folder is removed."""
        name = absolute(path)
        how = f"removed by this {'notebook' if self.cell is not None else 'program'} after it was read"
        self.loses(name, how)
        self.written.pop(name, None)

    def removes_folder(self, path: Any) -> None:
        """Take note that all below a folder is removed."""
        below = f"{absolute(path)}/"
        for name in [one for one in (*self.inputs, *self.written) if one.startswith(below)]:
            self.removes(name)

    def changes_folder(self) -> None:
        """Forget which file a relative path meant."""
        self._opened.clear()

    # Not at every opening.

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take no note of what this thread, and threads that begin meanwhile, open: it is not the user's reading."""
        me = threading.get_ident()
        if me in self._paused:
            yield
            return
        self._paused[me] = frozenset(thread.ident or 0 for thread in threading.enumerate()) - {me}
        try:
            yield
        finally:
            del self._paused[me]

    def _is_paused(self) -> bool:
        me = threading.get_ident()
        return any(me not in others for others in list(self._paused.values()))

    def told(self, value: Any) -> None:
        """Take note of what a loader was given that opens files by itself: a path, a folder, a pattern, or several."""
        if self._paused and self._is_paused():
            return
        for name in files_meant(value):
            self.reads(name)

    def told_written(self, value: Any) -> None:
        """Take note of what a writer was given that opens files by itself: a path, or a folder that it fills."""
        if isinstance(value, str | bytes | os.PathLike) and not (self._paused and self._is_paused()):
            name = absolute(os.path.expanduser(value))
            self.writes(name)
            self._filled[f"{name}/"] = time.time_ns()

    def starts(self, program: str) -> None:
        """Take note of a child."""
        self.children[program] = None

    @property
    def is_paused(self) -> bool:
        """Whether what this thread does is not the user's."""
        return bool(self._paused) and self._is_paused()


def absolute(path: Any) -> str:
    """Return an absolute path without `.` and `..`; undecodable bytes as Python's surrogates."""
    name = os.fsdecode(path)
    if name.startswith("/") and "/." not in name and "//" not in name:
        return name
    if ".." in name.split("/"):  # which is not the name's parent where that is a link
        folder, last = os.path.split(name)
        return os.path.join(os.path.realpath(folder), last) if last != ".." else os.path.realpath(name)
    return os.path.abspath(name)


def files_meant(value: Any) -> Iterator[str]:
    """Give the files that a loader's argument names; nothing for what is no path: a table, an open file, an address."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple | set | frozenset):
        if len(value) <= LISTED and all(isinstance(one, str | bytes | os.PathLike | list | tuple) for one in value):
            for one in value:
                yield from files_meant(one)
        return
    if not isinstance(value, str | bytes | os.PathLike):
        return
    name = os.fsdecode(value).removeprefix("file://")
    if not name or "\0" in name or len(name) > os.pathconf("/", "PC_PATH_MAX"):
        return
    name = os.path.expanduser(name)
    if os.path.isdir(name):
        yield from _below(name)
    elif os.path.exists(name):
        yield name
    elif any(sign in name for sign in "*?["):
        yield from _matching(name)


def _below(folder: str) -> Iterator[str]:
    number = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                number += 1
                yield os.path.join(place, name)
        if number > 2 * LISTED:
            return


def _matching(pattern: str) -> Iterator[str]:
    import glob
    from itertools import islice

    for name in sorted(islice(glob.iglob(pattern, recursive=True), LISTED)):
        if os.path.isfile(name):
            yield name
