"""A lab's login to its MLflow, read anew where it lies once MLflow has refused the one of this process.

A password that is asked for since a lab was started, or was changed since, is so found by its kernels and commands,
which inherit what held then. A socket also tells which server its password is for, since the setting that names the
socket may be a unit's, and the address another one.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .lab_store import lab_with_login, login_digest
from .urls import is_at

if TYPE_CHECKING:
    from .lab_store import LabStore

_SECONDS = 20.0
_LENGTH = 2**16
_renewing = threading.Lock()


@dataclass(frozen=True)
class Told:
    """What a file or a socket says.

    Attributes:
        password: empty where there is none yet.
        address: of the server that it is for; empty where that is for whoever named the file to say.
    """

    password: str = ""
    address: str = ""

    def is_for(self, uri: str) -> bool:
        """Return whether the password may go to an address."""
        return not self.address or is_at(uri, self.address)


def _read(path: Path) -> Told:
    if not path.is_socket():
        return Told(path.read_text(encoding="utf-8").strip())
    told = b""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_SECONDS)
        connection.connect(str(path))
        while len(told) < _LENGTH and (piece := connection.recv(_LENGTH)):
            told += piece
    password, _, address = told.decode("utf-8").partition("\n")
    return Told(password.strip(), address.strip())


def told(path: Path) -> Told:
    """Return what a file holds, or a socket of this machine tells: a line with the password, a line with the address.

    Nothing where it cannot be had.
    """
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return _read(path)
    return Told()


def kept_login(uri: str) -> LabStore | None:
    """Return the lab above whose login goes to an address, where it lies somewhere and the user has set no own one."""
    lab = lab_with_login()
    own = lab is not None and lab.password_file and is_at(uri, lab.uri) and "@" not in urlsplit(uri).netloc
    return lab if own else None


def renew_login(uri: str) -> None:
    """Take over the lab's login as it is now, for this process and what it starts; that of a user's own stays.

    Args:
        uri: an address of the server that has refused; nothing happens unless it is the lab's MLflow.
    """
    with _renewing:
        lab = kept_login(uri)
        if lab is None:
            return
        now = told(Path(lab.password_file))
        login = login_digest(lab.username, now.password) if now.is_for(lab.uri) else ""
        if login and login != lab.login:
            named = {"MLFLOW_TRACKING_USERNAME": lab.username, "MLFLOW_TRACKING_PASSWORD": now.password}
            os.environ.update(named | replace(lab, login=login).variable())
