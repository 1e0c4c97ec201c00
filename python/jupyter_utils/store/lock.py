"""Who works on a store: kernel locks (flock) on two files beside its database.

    .mlflow.db.server   held by the launcher of its server, from start to end; says where that server is
    .mlflow.db.lock     shared by server, backup and gc; held alone for restore, import, copy and a change of the schema

The kernel lets go of them however a process ends, and all containers of a machine that mount the folder see them. NFS
hands them on to its server, so that other machines see them, too. A disk that knows no locks is warned of.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_utils.errors import StoreBusyError
from jupyter_utils.machine.running import running
from jupyter_utils.machine.urls import mask, sqlite_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_utils.settings import Settings

PATIENCE = 10.0
"""Seconds that a command waits for others: a server that was asked to stop needs some to end."""
LONG_PATIENCE = 120.0
"""Seconds that a change of the schema waits for a backup."""
_SERVER, _WORK = ".server", ".lock"
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}
# A store on a disk that cannot be written to is changed by nobody; one whose folder is missing has no users.
_NO_FILE = {errno.EROFS, errno.ENOENT, errno.ENOTDIR}

_held: dict[Path, tuple[int, bool]] = {}
"""Lock file -> descriptor, and whether it is held alone, by this process: who asks again has it already."""


@dataclass(frozen=True)
class Serving:
    """The server of a store: its address, whether it asks for a password, and who started it where."""

    uri: str
    asks_password: bool
    pid: int
    host: str
    network: str

    @property
    def is_reachable(self) -> bool:
        """Whether its address means the same to this process: no other machine's, no other container's."""
        return self.network == _network()


class ServedError(StoreBusyError):
    """A server runs on the store; `serving` says which."""

    def __init__(self, message: str, serving: Serving) -> None:
        super().__init__(message)
        self.serving = serving


def _network() -> str:
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/net').stat().st_ino}"
    return socket.gethostname()


def database_of(settings: Settings) -> Path | None:
    """Return the SQLite file of a store; None where a database server guards its own."""
    return sqlite_file(settings.backend_store_uri)


@contextlib.contextmanager
def serving(database: Path | None, uri: str, *, asks_password: bool) -> Iterator[None]:
    """Be the one server of a store for the block.

    Raises:
        ServedError: another is.
        StoreBusyError: a command works on the store that wants it alone.
    """
    if database is None:
        yield
        return
    with _server_alone(database, 0.5) as descriptor:
        if descriptor is not None:
            me = Serving(mask(uri), asks_password, os.getpid(), socket.gethostname(), _network())
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(asdict(me)).encode(), 0)
        yield


@contextlib.contextmanager
def using(database: Path | None) -> Iterator[int | None]:
    """Keep those away for the block who want the store alone: for its server, and for what only reads it.

    Yields:
        the descriptor that holds the lock; None where there is no lock.

    Raises:
        StoreBusyError: one of them is at work.
    """
    if database is None:
        yield None
        return
    with _locked(_beside(database, _WORK), PATIENCE, alone=False) as descriptor:
        yield descriptor


@contextlib.contextmanager
def alone(database: Path | None) -> Iterator[None]:
    """Have a store alone for the block, without any server.

    Raises:
        ServedError: its server runs.
        StoreBusyError: another command works on it.
    """
    if database is None:
        yield
        return
    _check_announced(database)
    with _server_alone(database, PATIENCE) as descriptor:
        if descriptor is not None:
            os.ftruncate(descriptor, 0)
        with changing(database, PATIENCE):
            yield


@contextlib.contextmanager
def changing(database: Path | None, patience: float | None = None) -> Iterator[None]:
    """Have its tables alone for the block; its server, which asks for this before it serves, may be the caller.

    Raises:
        StoreBusyError: another command works on it.
    """
    if database is None:
        yield
        return
    with _locked(_beside(database, _WORK), LONG_PATIENCE if patience is None else patience, alone=True):
        yield


def _beside(database: Path, suffix: str) -> Path:
    return database.with_name(f".{database.name}{suffix}")


@contextlib.contextmanager
def _server_alone(database: Path, patience: float) -> Iterator[int | None]:
    path = _beside(database, _SERVER)
    with contextlib.ExitStack() as stack:
        try:
            descriptor = stack.enter_context(_locked(path, patience, alone=True))
        except StoreBusyError:
            raise _served(database, _read(path)) from None
        yield descriptor


def _served(database: Path, found: Serving | None) -> ServedError | StoreBusyError:
    if found is None:
        return StoreBusyError(
            f"Another command (restore, import-file-store, copy-store) works on the store in {database.parent}: "
            "wait for its end, or set MLFLOW_STORE_DIR to another directory."
        )
    where = f"at {found.uri}, started by process {found.pid} on {found.host}"
    return ServedError(
        f"An MLflow server runs on the store in {database.parent} ({where}). Stop it first (systemctl stop "
        "mlflow-server, docker-compose stop, or Ctrl-C where it runs), or set MLFLOW_STORE_DIR to another directory. "
        "To use it instead, name it in MLFLOW_TRACKING_URI.",
        found,
    )


def _check_announced(database: Path) -> None:
    """Find the server of an earlier version, which holds no lock."""
    for state in running():
        for uri, folder in state.artifacts.items():
            if Path(folder).absolute() == (database.parent / "artifacts").absolute():
                found = Serving(mask(uri), asks_password=False, pid=state.pid, host=socket.gethostname(), network="")
                raise _served(database, found)


def _read(path: Path) -> Serving | None:
    with contextlib.suppress(OSError, ValueError, TypeError):
        return Serving(**json.loads(path.read_text(encoding="utf-8")))
    return None


@contextlib.contextmanager
def _locked(path: Path, patience: float, *, alone: bool) -> Iterator[int | None]:
    if path in _held:
        with _converted(path, patience, alone=alone) as present:
            yield present
        return
    descriptor = _open(path, alone=alone)
    if descriptor is None:
        yield None
        return
    try:
        if not _flock(descriptor, path, patience, alone=alone):
            yield None
            return
        _held[path] = descriptor, alone
        yield descriptor
    finally:
        _held.pop(path, None)
        os.close(descriptor)


@contextlib.contextmanager
def _converted(path: Path, patience: float, *, alone: bool) -> Iterator[int]:
    """Make this process's own lock one that it holds alone, for the block, where it is not one yet."""
    descriptor, before = _held[path]
    if before or not alone:
        yield descriptor
        return
    try:
        _flock(descriptor, path, patience, alone=True)
        _held[path] = descriptor, True
        yield descriptor
    finally:
        _held[path] = descriptor, False
        # Another may have taken it between the two; it is short.
        _flock(descriptor, path, LONG_PATIENCE, alone=False)


def _open(path: Path, *, alone: bool) -> int | None:
    flags = os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        try:
            descriptor = os.open(path, os.O_RDWR | flags, 0o600)
        except PermissionError:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno in _NO_FILE or (error.errno == errno.EACCES and not alone):
            return None
        raise StoreBusyError(f"The lock {path} of the store cannot be had ({error}): correct its owner.") from error
    _own_as(path.parent, descriptor)
    return descriptor


def _own_as(folder: Path, descriptor: int) -> None:
    """Let the owner of the folder use what root makes there."""
    if os.geteuid() == 0:
        owner = folder.stat()
        with contextlib.suppress(OSError):
            os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _flock(descriptor: int, path: Path, patience: float, *, alone: bool) -> bool:
    """Return whether there is a lock now; False on a disk that knows none."""
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise StoreBusyError(
                    f"Others work on the store in {path.parent} (its server, a backup, a restore or another command): "
                    "wait for their end. Nothing was changed."
                ) from None
            time.sleep(0.05)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            click.echo(
                f"Warning: the disk of {path.parent} knows no locks ({error.strerror}): nothing keeps a restore from a "
                "running server there. Stop the server yourself, or move the store.",
                err=True,
            )
            return False
        else:
            return True
