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
from .paths import MOST, absolute, by_descriptor, files_meant
from .places import environment, is_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LISTED = MOST
"""Files that are listed; those beyond are only counted, so that a million of them costs neither time nor memory."""
_COUNTED = 100_000
_PENDING = 1_000
_WRITING = os.O_WRONLY | os.O_RDWR
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
    `hear` is Python's audit hook; `others` says what is done at events other than the opening of a file.
    """

    def __init__(self) -> None:
        self.written: dict[str, None] = {}
        self.ran: set[str] = set()
        self.children: dict[str, None] = {}
        self.partial: dict[str, None] = {}
        self.hub_addresses: dict[str, None] = {}
        self.digests = Digests()
        self.cell: int | None = None
        self.others: dict[str, Callable[..., None]] = {}
        self._inputs: dict[str, Input] = {}
        self._filled: dict[str, int] = {}
        self._outside = environment()
        self._pending: list[tuple[Any, os.stat_result]] = []
        self._opened: set[Any] = set()
        self._beyond: set[str] = set()
        self._full = False
        self._settling = threading.Lock()
        self._paused: dict[int, frozenset[int]] = {}
        self.hear = self._hook()

    @property
    def inputs(self) -> dict[str, Input]:
        """The files that were read: absolute path -> what is known."""
        self._settle()
        return self._inputs

    @property
    def more(self) -> int:
        """How many further files were opened that are not listed; at most 100,000 are counted."""
        self._forget()
        return len(self._beyond)

    def begins(self, cell: int | None) -> None:
        """Take note that another cell runs now."""
        self._forget()
        self.cell = cell

    def changes_folder(self) -> None:
        """Take note that a relative path is about to mean another file."""
        self._forget()

    def opened(self, path: Any, flags: int) -> None:
        """Take note of an opening, as the hook does."""
        self.hear("open", (path, "", flags))

    def _hook(self) -> Callable[[str, tuple[Any, ...]], None]:  # noqa: C901 - every call would cost
        """Make the hook. It runs at every opening, so it looks at a path once in a cell and keeps its state only."""
        opened, pending, paused, others = self._opened, self._pending, self._paused, self.others
        know, keep, look, writing = opened.add, pending.append, os.stat, _WRITING

        def hear(event: str, args: tuple[Any, ...]) -> None:
            try:
                if event == "open":
                    path, mode, flags = args
                    if flags & writing or mode is None or paused:
                        self._unusual(path, mode, flags)
                    elif path not in opened:
                        know(path)
                        if self._full:
                            if len(opened) > _COUNTED:
                                self._forget()
                        else:
                            try:
                                keep((path, look(path)))
                            except (OSError, ValueError):  # not there, or no name: opening it will say so
                                return
                            if len(pending) >= _PENDING:
                                self._settle()
                elif event in others and not (paused and self.is_paused):
                    others[event](*args)
            except Exception as error:  # noqa: BLE001 - whatever it is, the user's call must go on
                self.partial[f"a file was missed ({type(error).__name__}: {error})"] = None

        return hear

    def _unusual(self, path: Any, mode: Any, flags: int) -> None:
        if self.is_paused:
            return
        if flags & _WRITING:
            self.writes(path, flags)
        else:
            self.reads(by_descriptor(path, self.partial) if mode is None else path)

    def _forget(self) -> None:
        """Look at every path anew from now on; those that are not listed are counted before."""
        self._settle()
        if self._full:
            for path in list(self._opened):
                if not isinstance(path, int) and len(self._beyond) < _COUNTED:
                    name = os.fsdecode(path)
                    if name not in self._inputs and not is_below(name, self._outside):
                        self._beyond.add(name)
        self._opened.clear()

    def _settle(self) -> None:
        """Make inputs of what was opened since the last time; all of it by the cell that runs."""
        if not self._pending or not self._settling.acquire(blocking=False):
            return
        try:
            waiting = self._pending[:]
            for path, found in waiting:
                if not isinstance(path, int):
                    self._add(absolute(path), found)
            del self._pending[: len(waiting)]
            self._full = len(self._inputs) >= LISTED
        finally:
            self._settling.release()

    def _add(self, name: str, found: os.stat_result, *, by_hand: bool = False) -> Input | None:
        known = self._inputs.get(name)
        if known is not None:
            if self.cell is not None and known.cells[-1:] != [self.cell]:
                self._again(known, found)
        elif stat.S_ISREG(found.st_mode) and (by_hand or self._is_interesting(name, found)):
            cells = [] if self.cell is None else [self.cell]
            known = self._inputs[name] = Input(name, identity(found), cells)
        return known

    def _is_interesting(self, name: str, found: os.stat_result) -> bool:
        if is_below(name, self._outside) or name in self.written or self._is_filled(name, found):
            return False
        if len(self._inputs) < LISTED:
            return True
        if len(self._beyond) < _COUNTED:
            self._beyond.add(name)
        return False

    def _is_filled(self, name: str, found: os.stat_result) -> bool:
        """Tell whether a writer of this process was given the folder, and the file is younger than that."""
        return bool(self._filled) and any(
            name.startswith(folder) and found.st_mtime_ns > since for folder, since in self._filled.items()
        )

    def _again(self, known: Input, found: os.stat_result) -> None:
        """Take note that another cell reads a file: what lies there now is what counts."""
        if self.cell is None or known.path in self.written:
            return
        before, now = known.cells[-1:], identity(found)
        known.cells.append(self.cell)
        if now != known.identity and not known.lost:
            if before:
                known.note(f"it was another when cell [{before[0]}] read it")
            known.identity, known.digest = now, None

    # Not at every opening.

    def reads(self, path: Any, *, by_hand: bool = False) -> Input | None:
        """Take note that a file is read; what is no regular file, or is not there, is none."""
        if isinstance(path, int):
            return None
        self._settle()
        known = None
        with suppress(OSError, ValueError):
            name = absolute(path)
            known = self._add(name, os.stat(name), by_hand=by_hand)
        if known is not None:
            known.by_hand |= by_hand
        return known

    def writes(self, path: Any, flags: int = os.O_WRONLY) -> None:
        """Take note that this process writes a file: what it reads of it later is its own."""
        if isinstance(path, int):
            return
        self._settle()
        name = absolute(path)
        if is_below(name, self._outside):
            return
        if name not in self.written and flags & _WRITING == os.O_RDWR and not flags & _READ_AND_WRITE:
            known = self.reads(name)  # opened to be changed in place: that is reading, too
            if known is not None:
                self.loses(name, "opened for writing, too")
            return
        self.loses(name, "overwritten by this notebook" if self.cell is not None else "overwritten by this program")
        self._add_written(name)

    def _add_written(self, name: str) -> None:
        if len(self.written) < _WRITTEN_KEPT:
            self.written[name] = None

    def loses(self, name: str, how: str) -> None:
        """Keep the digest of an input that this process is about to change or remove."""
        known = self._inputs.get(name)
        if known is None or known.lost:
            return
        with suppress(OSError):
            if known.identity[2] <= _KEPT_BYTES and identity(os.stat(name)) == known.identity:
                _, known.digest = self.digests.take(name)
        known.lost = how

    def moves(self, source: Any, target: Any) -> None:
        """Take note of a renaming: what was this process's own stays that under its new name."""
        self._settle()
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
        self._settle()
        name = absolute(path)
        how = f"removed by this {'notebook' if self.cell is not None else 'program'} after it was read"
        self.loses(name, how)
        self.written.pop(name, None)

    def removes_folder(self, path: Any) -> None:
        """Take note that all below a folder is removed."""
        below = f"{absolute(path)}/"
        for name in [one for one in (*self.inputs, *self.written) if one.startswith(below)]:
            self.removes(name)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take no note of what this thread, and threads that begin meanwhile, open: it is not the user's reading."""
        me = threading.get_ident()
        if me in self._paused:
            yield
            return
        self._settle()
        self._paused[me] = frozenset(thread.ident or 0 for thread in threading.enumerate()) - {me}
        try:
            yield
        finally:
            del self._paused[me]

    @property
    def is_paused(self) -> bool:
        """Whether what this thread does is not the user's."""
        me = threading.get_ident()
        return any(me not in others for others in list(self._paused.values()))

    def told(self, value: Any) -> None:
        """Take note of what a loader was given that opens files by itself: a path, a folder, a pattern, or several."""
        if self.is_paused:
            return
        for name in files_meant(value):
            self.reads(name)

    def told_written(self, value: Any) -> None:
        """Take note of what a writer was given that opens files by itself: a path, or a folder that it fills."""
        if isinstance(value, str | bytes | os.PathLike) and not self.is_paused:
            name = absolute(os.path.expanduser(value))
            self.writes(name)
            self._filled[f"{name}/"] = time.time_ns()

    def starts(self, program: str) -> None:
        """Take note of a child."""
        self.children[program] = None
