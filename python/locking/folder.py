"""The folder that Nix reads as the lock: what stands in it, whether it is up to date, and how it is written."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
import tomllib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import LockError, direct, listing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Wanted:
    """What is to be locked, and where."""

    folder: Path
    """What is written: pyproject.toml, poetry.lock, files.json, torch-cpu.json."""
    edited: Path
    """The pyproject.toml that people edit."""
    wishes: str
    """The text of the pyproject.toml in `folder`."""
    torch_cpu: str
    """The text of torch-cpu.json: torch's CPU wheel, which the index of the others lacks."""
    start: str
    """The lock whose versions are kept."""
    python: str = ""
    """A project's own constraint on Python."""

    def asked(self) -> list[str]:
        """Return the names that are asked for."""
        table = tomllib.loads(self.wishes)["tool"]["poetry"]
        groups = [group["dependencies"] for group in table.get("group", {}).values()]
        return [name for names in (table["dependencies"], *groups) for name in names]


def ours(folder: Path) -> Wanted:
    """Return what the lab's own folder asks for."""
    path = folder / "poetry.lock"
    start = read(path) if path.exists() else ""
    check_lock(path, start)
    wishes = folder / "pyproject.toml"
    toml(wishes)
    return Wanted(folder, wishes, read(wishes), read(folder / "torch-cpu.json"), start)


def read(path: Path) -> str:
    """Return a file's text, line ends included; Windows' mark at its start goes."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LockError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    except OSError as error:
        raise LockError(f"{path} cannot be read: {error.strerror}") from error


def toml(path: Path) -> dict[str, Any]:
    """Return what a file that people edit says."""
    try:
        return tomllib.loads(read(path))
    except tomllib.TOMLDecodeError as error:
        raise LockError(f"{path} is not TOML: {error}") from error


def check_lock(path: Path, text: str) -> None:
    """Raise where a lock cannot be read; most often two branches met in it."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LockError(
            f"{path} is not readable: {error}. After a merge take one side's whole (git checkout --theirs {path}) "
            "and run this again: it adds what the other side asked for"
        ) from error


def is_current(wanted: Wanted) -> bool:
    """Whether each file is what this run would write, as far as that can be told without the index."""
    folder = wanted.folder
    names = ("pyproject.toml", "torch-cpu.json", "poetry.lock", "files.json")
    if not all((folder / name).exists() for name in names):
        return False
    wishes, torch_cpu, text, files = (read(folder / name) for name in names)
    if (wishes, torch_cpu) != (wanted.wishes, wanted.torch_cpu):
        return False
    check_lock(folder / "poetry.lock", text)
    try:
        listing.check_torch(text, torch_cpu)
        return files == listing.listed(wishes, text, direct.known(folder))
    except LockError:
        return False


@contextmanager
def held(wanted: Wanted) -> Iterator[None]:
    """Keep a second run out of the folder, and find out before minutes of work that it cannot be written to."""
    place = wanted.folder if wanted.folder.exists() else wanted.folder.parent
    if not place.is_dir():
        raise LockError(f"{place} is no folder: move it away")
    if not os.access(place, os.W_OK | os.X_OK):
        raise LockError(
            f"{place} cannot be written to: run this in a checkout or a project of your own "
            "(--project DIR locks DIR's packages beside the lab's)"
        )
    descriptor = os.open(place, os.O_RDONLY)
    try:
        # Some network file systems cannot lock a folder; there nothing keeps a second run out.
        with suppress(OSError):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise LockError(f"another lock.py is at work in {place}: wait for its end") from error
        yield
    finally:
        os.close(descriptor)


def write(wanted: Wanted, text: str, files: str) -> None:
    """Write all files or none, whatever interrupts it."""
    texts = {
        "pyproject.toml": wanted.wishes,
        "torch-cpu.json": wanted.torch_cpu,
        "poetry.lock": text,
        "files.json": files,
    }
    folder = wanted.folder
    try:
        staging = tempfile.mkdtemp(prefix=".lock-", dir=folder if folder.exists() else folder.parent)
        try:
            put(texts, folder, folder.parent / staging)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise LockError(f"{folder} cannot be written: {error.strerror}; nothing was changed") from error


def put(texts: dict[str, str], folder: Path, staging: Path) -> None:
    """Write beside the folder, then move into it; a signal waits until all is moved."""
    changed = [name for name in texts if not (folder / name).exists() or read(folder / name) != texts[name]]
    for name in changed:
        (staging / name).write_text(texts[name], encoding="utf-8", newline="")
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        if folder.exists():
            move(changed, folder, staging)
        else:
            staging.chmod(0o777 & ~current_umask())
            staging.rename(folder)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def move(names: list[str], folder: Path, staging: Path) -> None:
    """Replace the files; where one cannot be, put back those before it."""
    old = {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}
    moved: list[str] = []
    try:
        for name in names:
            (staging / name).replace(folder / name)
            moved.append(name)
    except OSError:
        for name in moved:
            if name in old:
                (folder / name).write_bytes(old[name])
            else:
                (folder / name).unlink()
        raise


def current_umask() -> int:
    """Return the permissions that new files are not to have."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
