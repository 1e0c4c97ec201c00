"""New things in the place of old ones, all or none, whatever interrupts it.

Everything new is written beside its place first. Then a journal beside the database names all renames, and they are
made; it goes when the last one is done. Who next opens the store and finds a journal completes what it says. So a store
is never half new, and never an empty one for want of the old.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from jupyter_utils.entries.entry import INCOMING
from jupyter_utils.errors import BackupError
from jupyter_utils.machine.files import writable_dir
from jupyter_utils.machine.writing import write_whole

from . import sqlite

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STAGED = ".restoring"
_JOURNAL = ".restore.json"
_JOURNALS = ("-wal", "-shm", "-journal")


@dataclass(frozen=True)
class Rename:
    """One thing that changes places; paths count from the journal's folder.

    Attributes:
        place: where it belongs.
        kept: where goes what is there now.
        staged: where the new one is; None where there is none.
    """

    place: str
    kept: str
    staged: str | None = None


class Swap:
    """Things that are to change places, beside one database; `close` makes what was copied private."""

    def __init__(self, database: Path, close: Callable[[Path], None]) -> None:
        self._close = close
        self._folder = database.parent
        self._database = database
        self._stamp = _free_stamp(database)
        self._renames: list[Rename] = []
        self._artifacts: Path | None = None

    def stage(self, source: Path, place: Path) -> Path:
        """Write the new one beside its place, and return where."""
        staged = place.with_name(f"{STAGED}-{place.name}")
        _remove(staged)
        writable_dir(place.parent, "MLFLOW_STORE_DIR")
        self._renames.append(Rename(self._name(place), self._name(self._aside(place)), self._name(staged)))
        if source.is_dir():
            shutil.copytree(source, staged, symlinks=True)
        else:
            shutil.copy2(source, staged)
        self._close(staged)
        _own_as(place.parent, staged)
        return staged

    def stage_artifacts(self, source: Path, place: Path) -> None:
        """Stage a folder of artifacts, in which the files of runs that wait are to stay as they are now."""
        self.stage(source, place)
        self._artifacts = place

    def _aside(self, place: Path) -> Path:
        return place.with_name(f"{place.name}.replaced-{self._stamp}")

    def _name(self, path: Path) -> str:
        # Relative, since another container may see the store at another path.
        return str(path.relative_to(self._folder)) if path.is_relative_to(self._folder) else str(path)

    @property
    def aside(self) -> tuple[tuple[Path, Path], ...]:
        """What was there before: (place, where it is now)."""
        pairs = [(self._folder / one.place, self._folder / one.kept) for one in self._renames if one.staged]
        return tuple((place, kept) for place, kept in pairs if kept.exists())

    def commit(self) -> None:
        """Let all change places; what fails is undone."""
        for suffix in _JOURNALS:  # they belong to the database that goes, and would spoil the one that comes
            beside = self._database.with_name(self._database.name + suffix)
            if beside.exists():
                kept = self._aside(self._database)
                self._renames.append(Rename(self._name(beside), self._name(kept.with_name(kept.name + suffix))))
        os.sync()
        journal = self._folder / _JOURNAL
        content: dict[str, Any] = {
            "renames": [asdict(one) for one in self._renames],
            "artifacts": self._name(self._artifacts) if self._artifacts else None,
        }
        write_whole(journal, json.dumps(content), mode=0o600, durable=True)
        _own_as(self._folder, journal)
        try:
            _complete(self._folder, content)
        except OSError:
            _take_back(self._folder, content)
            journal.unlink()
            raise
        os.sync()
        journal.unlink()

    def drop(self) -> None:
        """Remove what was staged and did not get its place."""
        for one in self._renames:
            if one.staged:
                _remove(self._folder / one.staged)


def interrupted(database: Path | None) -> bool:
    """Return whether a restore beside this database was interrupted."""
    return database is not None and (database.parent / _JOURNAL).exists()


def recover(database: Path) -> None:
    """Complete what an interrupted restore had begun to put in place, and say so. The caller has the store alone.

    Raises:
        BackupError: it cannot be completed.
    """
    journal = database.parent / _JOURNAL
    if not journal.exists():
        return
    try:
        content = json.loads(journal.read_text(encoding="utf-8"))
        _complete(database.parent, content)
        os.sync()
        journal.unlink()
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BackupError(
            f"A restore was interrupted in {database.parent}, and could not be completed ({error}). Its plan is in "
            f"{journal}; what was there before is in *.replaced-*. Make room or correct the owner, and try again."
        ) from error
    click.echo(f"Warning: a restore in {database.parent} was interrupted; it is completed now.", err=True)


def _complete(folder: Path, content: dict[str, Any]) -> None:
    renames = [Rename(**one) for one in content["renames"]]
    for one in renames:
        place, kept = folder / one.place, folder / one.kept
        staged = folder / one.staged if one.staged else None
        if staged is not None and not staged.exists():
            continue  # done before
        if place.exists():
            place.rename(kept if not kept.exists() else kept.with_name(f"{kept.name}-{time.time_ns()}"))
        if staged is not None:
            staged.rename(place)
    if isinstance(name := content["artifacts"], str):
        kept = next(folder / one.kept for one in renames if one.place == name)
        _move_waiting(kept / INCOMING, folder / name / INCOMING)


def _move_waiting(source: Path, target: Path) -> None:
    """Put the files of runs that wait back into their place: entries of the spool name it."""
    if not source.is_dir():
        return
    target.mkdir(mode=0o700, exist_ok=True)
    _own_as(target.parent, target)
    for entry in source.iterdir():
        place = target / entry.name
        if place.exists():  # as it was when the backup was made; the present one is what waits
            _remove(place)
        entry.rename(place)
    with contextlib.suppress(OSError):
        source.rmdir()


def _take_back(folder: Path, content: dict[str, Any]) -> None:
    renames = [Rename(**one) for one in content["renames"]]
    if isinstance(name := content["artifacts"], str):
        kept = next(folder / one.kept for one in renames if one.place == name)
        if kept.exists():
            _move_waiting(folder / name / INCOMING, kept / INCOMING)
    for one in reversed(renames):
        place, kept = folder / one.place, folder / one.kept
        staged = folder / one.staged if one.staged else None
        if staged is not None and not staged.exists() and place.exists():
            place.rename(staged)
        if kept.exists() and not place.exists():
            kept.rename(place)


def close(database: Path) -> None:
    """Take what a write-ahead log holds into the database that goes aside; of a damaged one both go as they are."""
    if database.exists():
        with contextlib.suppress(sqlite.Error):
            sqlite.complete(database)


def _free_stamp(database: Path) -> str:
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    taken = list(database.parent.glob(f"*.replaced-{stamp}*"))
    return f"{stamp}-{len(taken)}" if taken else stamp


def _own_as(folder: Path, path: Path) -> None:
    """Hand what root restores over to the owner of the place, as whom the server runs."""
    if os.geteuid() != 0:
        return
    owner = folder.stat()
    for entry in (path, *path.rglob("*")):
        os.chown(entry, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        sqlite.remove(path)
