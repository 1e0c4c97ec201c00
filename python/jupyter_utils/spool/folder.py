"""The spool: a folder of the user's in which every call of `save_mlflow` is complete before anything is sent.

    SPOOL/new/ID/       being written; whoever was killed in between left it, and it is removed
    SPOOL/entries/ID/   complete (see `jupyter_utils.entries.entry`); gone once MLflow holds all of it
    SPOOL/locks/ID      held by whoever writes or sends the entry

An entry comes into being by one rename, from `new` to `entries`. IDs sort in the order of the calls, even when the
clock is put back.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from jupyter_utils.entries.entry import ARTIFACTS, INCOMING, read_raw
from jupyter_utils.errors import EntryError, SpoolError
from jupyter_utils.machine.disk import to_disk
from jupyter_utils.machine.writing import write_whole

from .locks import holder, make_lock, take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import filelock

_STATE = "state.json"
_DAY = 24 * 3600.0


@dataclass(frozen=True)
class State:
    """What became of an entry so far: how often it was sent, why that failed last, and whether for good."""

    attempts: int = 0
    reason: str | None = None
    refused: bool = False
    run_id: str | None = None
    experiment_id: str | None = None


@dataclass(frozen=True)
class Waiting:
    """An entry that waits, as `jupyter-utils sync --list` shows it; `problem` where it cannot even be read."""

    id: str
    path: Path
    uri: str
    experiment_name: str
    run_name: str | None
    start_time: int
    size: int
    state: State
    problem: str | None = None
    store: str | None = None


@dataclass
class EntryLease:
    """An entry that this process alone may write to or send; it lies at `path`."""

    id: str
    path: Path
    _lock: filelock.BaseFileLock

    def release(self) -> None:
        """Let others send it."""
        self._lock.release(force=True)


class Spool:
    """The spool in one folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def _entries(self) -> Path:
        return self.path / "entries"

    @property
    def _new(self) -> Path:
        return self.path / "new"

    def prepare(self) -> None:
        """Make the folders, for their owner alone, and make sure that one can write there.

        Raises:
            SpoolError: one cannot.
        """
        try:
            for folder in (self.path, self._new, self._entries, self.path / "locks"):
                folder.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
            probe = self._new / f".{secrets.token_hex(8)}"
            try:
                probe.write_bytes(b"x")
            finally:  # a full disk leaves an empty one; another process may have taken it for a leftover
                probe.unlink(missing_ok=True)
        except OSError as error:
            raise SpoolError(
                f"The folder {self.path}, in which every call is kept until MLflow has it, cannot be used ({error}): "
                "make room, correct its owner, or set JUPYTER_UTILS_SPOOL_DIR to another folder. "
                "Nothing was written, committed or sent."
            ) from error

    @contextlib.contextmanager
    def writing(self, store: Path | None = None) -> Iterator[EntryLease]:
        """Make a new folder to write an entry into; it is removed after the block unless `commit` was called.

        Args:
            store: the artifact store's folder where it is on this machine: then the files lie there from the start,
                and become the run's by a rename.

        Yields:
            the entry, which no other process touches during the block.
        """
        lease = self._hold_new()
        try:
            _make_folders(lease, store)
            yield lease
        finally:
            if lease.path.parent == self._new:
                _remove(lease.path)
            lease.release()

    def _hold_new(self) -> EntryLease:
        last = max((name.partition("-")[0] for name in self._names()), default="0")
        stamp = max(time.time_ns() // 1_000_000, int(last) + 1 if last.isdigit() else 0)
        name = f"{stamp:015d}-{secrets.token_hex(8)}"
        lock = self._lock(name)
        lock.acquire()
        return EntryLease(name, self._new / name, lock)

    def commit(self, lease: EntryLease) -> None:
        """Make an entry that was written complete, by one rename: from here on it will be sent."""
        target = self._entries / lease.id
        lease.path.rename(target)
        lease.path = target

    def make_durable(self, lease: EntryLease) -> None:
        """Bring an entry to the disk, so that it survives a power cut as well."""
        real = (lease.path / ARTIFACTS).resolve()
        paths = [*lease.path.iterdir(), *real.rglob("*")]
        files = [path for path in paths if path.is_file()]
        folders = [path for path in paths if path.is_dir() and not path.is_symlink()]
        if real.is_dir():
            folders += [real, real.parent]
        to_disk(files, [*folders, lease.path, self._entries])

    def hold(self, name: str) -> EntryLease | None:
        """Take an entry for sending; None where it is gone, or another process writes or sends it.

        Raises:
            SpoolError: its lock cannot be used.
        """
        lock = self._lock(name)
        if not take(lock):
            return None
        path = self._entries / name
        if not path.is_dir():
            lock.release(force=True)
            return None
        return EntryLease(name, path, lock)

    def holder(self, name: str) -> int | None:
        """Return the ID of the process that writes or sends an entry, where one of this machine does."""
        return holder(self.path / "locks" / name)

    def _lock(self, name: str) -> filelock.BaseFileLock:
        return make_lock(self.path / "locks" / name)

    def remove(self, lease: EntryLease) -> None:
        """Remove an entry, in one step for whoever looks."""
        aside = self._new / lease.id
        lease.path.rename(aside)
        lease.path = aside
        _remove(aside)

    def note(self, lease: EntryLease, state: State) -> None:
        """Remember what became of an entry; a full disk is no reason to fail here."""
        with contextlib.suppress(OSError):
            write_whole(lease.path / _STATE, json.dumps(asdict(state), ensure_ascii=False))

    def state(self, name: str) -> State:
        """Return what is remembered of an entry."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            return State(**json.loads((self._entries / name / _STATE).read_text(encoding="utf-8")))
        return State()

    def _names(self) -> list[str]:
        with contextlib.suppress(OSError):
            return sorted(path.name for path in self._entries.iterdir())
        return []

    def names(self) -> list[str]:
        """Return the IDs of all entries, in the order of their calls."""
        return self._names()

    def has(self, name: str) -> bool:
        """Return whether an entry is still there."""
        return (self._entries / name).is_dir()

    def waiting(self) -> list[Waiting]:
        """Describe all entries, in the order of their calls."""
        return [one for name in self._names() if (one := self.describe(name)) is not None]

    def idle(self) -> list[Waiting]:
        """Describe those that nobody sends just now."""
        return [one for one in self.waiting() if self._is_free(one.id)]

    def _is_free(self, name: str) -> bool:
        try:
            lease = self.hold(name)
        except SpoolError:  # it waits, and `sync` says for what
            return True
        if lease is not None:
            lease.release()
        return lease is not None

    def describe(self, name: str) -> Waiting | None:
        """Describe one entry; None where there is none of this ID."""
        path = self._entries / name
        state = self.state(name)
        try:
            entry = read_raw(path)
        except EntryError as error:
            if not path.is_dir():
                return None
            size = sum(file.lstat().st_size for file in path.rglob("*") if file.is_file())
            return Waiting(name, path, "", "", None, 0, size, state, str(error))
        return Waiting(
            name,
            path,
            entry.uri,
            entry.experiment_name,
            entry.run_name,
            entry.start_time,
            entry.size,
            state,
            store=entry.store,
        )

    def clean(self) -> None:
        """Remove what killed processes left half written."""
        with contextlib.suppress(OSError):
            for path in self._new.iterdir():
                lease = self._hold_leftover(path)
                if lease is not None:
                    _remove(path)
                    lease.release()
            known, old = {*self._names(), *(path.name for path in self._new.iterdir())}, time.time() - _DAY
            for lock in (self.path / "locks").iterdir():
                if lock.name not in known and lock.stat().st_mtime < old:
                    lock.unlink()

    def _hold_leftover(self, path: Path) -> EntryLease | None:
        lock = self._lock(path.name)
        with contextlib.suppress(SpoolError):
            return EntryLease(path.name, path, lock) if take(lock) else None
        return None


def _make_folders(lease: EntryLease, store: Path | None) -> None:
    try:
        lease.path.mkdir()
        if store is None:
            (lease.path / ARTIFACTS).mkdir()
        else:
            incoming = store / INCOMING / lease.id
            # The link first: whoever cleans up after a killed process finds the folder by it.
            (lease.path / ARTIFACTS).symlink_to(incoming)
            incoming.mkdir(parents=True)
    except OSError as error:
        raise SpoolError(f"{lease.path} cannot be made ({error}). Nothing was written, committed or sent.") from error


def _remove(entry: Path) -> None:
    artifacts = entry / ARTIFACTS
    if artifacts.is_symlink():
        place = artifacts.readlink()
        # Nothing but what this module put there, whatever the link says.
        if place.name == entry.name and place.parent.name == INCOMING:
            shutil.rmtree(place, ignore_errors=True)
    if entry.is_dir():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)
