"""What a lab tells its notebooks of its MLflow: the address, the store's identity, and which login is for it alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from .addresses import LOOPBACK
from .urls import is_at, place
from .variables import given

VARIABLE = "JUPYTER_UTILS_STORE"
DEFAULT_URI = f"http://{LOOPBACK}:15000"
"""Where the MLflow of a lab listens, unless a setting names another port."""


@dataclass(frozen=True)
class LabStore:
    """The MLflow of a lab.

    Attributes:
        uri: its address.
        identity: its store's; empty where the lab does not know it.
        login: digest of the user and password that the lab has set for it; empty where it has set none.
        username: the name with which it logs in.
        password_file: where the password lies, now and after it was changed (a file, or a socket that tells it); empty
            where it lies nowhere.
    """

    uri: str
    identity: str = ""
    login: str = ""
    username: str = ""
    password_file: str = ""

    def variable(self) -> dict[str, str]:
        """Return the environment variable by which a process below learns of it."""
        return {VARIABLE: json.dumps(asdict(self))}


def login_digest(username: str, password: str) -> str:
    """Return what tells one login from another; empty without a password."""
    return hashlib.sha256(f"{username}\n{password}".encode()).hexdigest() if password else ""


def lab_store() -> LabStore | None:
    """Return what a lab above this process has told; None where there is none."""
    try:
        return LabStore(**json.loads(given(VARIABLE)))
    except (ValueError, TypeError):
        return None


_proven: dict[str, str] = {}
"""Place of a server -> the identity that it proved when it was last asked."""


def note_proven(uri: str, identity: str) -> None:
    """Remember who has answered at an address; empty where nobody proved anything."""
    _proven[place(uri)] = identity


def has_login(uri: str) -> bool:
    """Return whether the environment's user and password, if there are any, are for an address.

    What a lab has set is for its own MLflow, even where a notebook names another (`mlflow.set_tracking_uri`), and not
    before that has proven who it is. What the user has set is for the MLFLOW_TRACKING_URI beside it.
    """
    lab = _own_login()
    if lab is not None and lab.identity and _proven.get(place(lab.uri)) != lab.identity:
        return False
    return is_at(uri, login_address())


def login_address() -> str:
    """Return the address that the environment's user and password are for."""
    lab = _own_login()
    return lab.uri if lab else given("MLFLOW_TRACKING_URI") or DEFAULT_URI


def token_for(uri: str) -> str:
    """Return the token that a user has set for an address; empty where that is for another, or there is none."""
    named = given("MLFLOW_TRACKING_URI")
    return given("MLFLOW_TRACKING_TOKEN") if named and is_at(uri, named) else ""


def is_labs_login_elsewhere(uri: str) -> bool:
    """Return whether the environment's user and password are the lab's, and an address is not of its MLflow."""
    lab = _own_login()
    return lab is not None and not is_at(uri, lab.uri)


def lab_with_login() -> LabStore | None:
    """Return the lab above whose login this process has, be it none yet; None where the user has set an own one."""
    lab = lab_store()
    login = login_digest(given("MLFLOW_TRACKING_USERNAME"), given("MLFLOW_TRACKING_PASSWORD"))
    return lab if lab is not None and lab.login == login and not given("MLFLOW_TRACKING_TOKEN") else None


def sends_login(uri: str) -> bool:
    """Return whether there is a login that would be sent to an address."""
    return bool(given("MLFLOW_TRACKING_PASSWORD") or given("MLFLOW_TRACKING_TOKEN")) and is_at(uri, login_address())


def _own_login() -> LabStore | None:
    """Return the lab above whose login the environment has; None where that is the user's own."""
    lab = lab_store()
    login = login_digest(given("MLFLOW_TRACKING_USERNAME"), given("MLFLOW_TRACKING_PASSWORD"))
    return lab if lab is not None and lab.login and lab.login == login else None
