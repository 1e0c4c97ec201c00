"""How the MLflow server is started: its database, its artifacts, its password, its names."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from jupyter_utils.entries.identity import named, of_database
from jupyter_utils.errors import DirectoryError, SettingsError
from jupyter_utils.machine.addresses import reachable_host
from jupyter_utils.machine.files import kept_secret, little_space, make_private_dir, read_secret, writable_dir
from jupyter_utils.machine.urls import sqlite_uri
from jupyter_utils.machine.variables import given, raw
from jupyter_utils.machine.writing import write_whole
from jupyter_utils.settings import DATABASE
from jupyter_utils.store.layout import USERS, check_backend, check_store
from jupyter_utils.store.lock import database_of
from jupyter_utils.store.privacy import keep_private
from jupyter_utils.store.swap import interrupted
from jupyter_utils.supervision.member import ServerSpec
from jupyter_utils.tracking import ask

from .addresses import allowed_hosts, allowed_origins

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jupyter_utils.settings import Settings

NAME = "MLflow"
ADMIN = "admin"
PASSWORD_FILE = "admin-password"  # noqa: S105 - the name of a file
NEW_STORE = 16 * 2**20
"""Bytes that must be free for a new store: its empty database takes 1 MB, written twice, and runs are to follow."""


@dataclass(frozen=True)
class Credentials:
    """MLflow's administrator, whom notebooks of the lab beside it act as."""

    username: str
    password: str
    password_file: Path | None

    def environment(self) -> dict[str, str]:
        """Return them as MLflow's client reads them."""
        return {"MLFLOW_TRACKING_USERNAME": self.username, "MLFLOW_TRACKING_PASSWORD": self.password}


def prepare_store(settings: Settings) -> None:
    """Make the store's directories, and refuse what MLflow would overlook.

    Raises:
        DirectoryError: a directory cannot be written to, or a new store would lie on a full disk.
        OldStoreError: there is a plain file store and no database.
        SettingsError: MLFLOW_BACKEND_STORE_URI names no database.
    """
    check_backend(settings.mlflow_backend_store_uri)
    if interrupted(database_of(settings)):
        return  # what is missing now is there when that is completed
    is_new = not settings.store_dir.exists()
    if settings.mlflow_backend_store_uri is None:
        check_store(settings.store_dir)
        _check_space(settings.store_dir)
    if settings.mlflow_backend_store_uri is None or settings.mlflow_artifacts_destination is None:
        writable_dir(settings.store_dir, "MLFLOW_STORE_DIR")
    if settings.mlflow_artifacts_destination is None:
        writable_dir(settings.store_dir / "artifacts", "MLFLOW_STORE_DIR")
    if (said := keep_private(settings)) and not is_new:
        click.echo(said, err=True)


def _check_space(store_dir: Path) -> None:
    # An old store on a full disk is served all the same: its runs can be looked at, and removed.
    said = little_space(store_dir, "MLFLOW_STORE_DIR", NEW_STORE)
    if said and not (store_dir / DATABASE).exists():
        raise DirectoryError(said)


def credentials(settings: Settings) -> Credentials | None:
    """Return the administrator's name and password, if MLflow asks for one; the password is made once and kept."""
    if not settings.mlflow_asks_password:
        return None
    username = admin_name()
    if password := given("MLFLOW_AUTH_ADMIN_PASSWORD"):
        return Credentials(username, password, None)
    if path := settings.mlflow_admin_password_file:
        return Credentials(username, read_secret("MLFLOW_ADMIN_PASSWORD_FILE", path), path)
    path = _auth_dir(settings) / PASSWORD_FILE
    return Credentials(username, kept_secret(path, 16), path)


def admin_name() -> str:
    """Return the administrator's name."""
    return given("MLFLOW_AUTH_ADMIN_USERNAME") or ADMIN


def password_file(settings: Settings) -> Path | None:
    """Return where the administrator's password lies, or will lie once one is asked for; None where in no file."""
    if given("MLFLOW_AUTH_ADMIN_PASSWORD"):
        return None
    return settings.mlflow_admin_password_file or settings.store_dir / "auth" / PASSWORD_FILE


def has_password(settings: Settings) -> bool:
    """Return whether a server on the store here has asked for a password before."""
    return (settings.store_dir / "auth" / PASSWORD_FILE).exists()


def _auth_dir(settings: Settings) -> Path:
    # Beside the database of users, not with the user's state: a password belongs to the store it opens.
    return make_private_dir(settings.store_dir / "auth", "MLFLOW_STORE_DIR")


def tracking_uri(settings: Settings, extra: Sequence[str] = ()) -> str:
    """Return where this machine reaches the MLflow server that is started here."""
    return _address(settings.bind_address, settings, extra)


def page_url(settings: Settings, extra: Sequence[str] = ()) -> str:
    """Return where a browser reaches it: in a container, where its port is published."""
    return _address(settings.listen_address, settings, extra)


def _address(listened: str, settings: Settings, extra: Sequence[str]) -> str:
    given = [value for name, _, value in (part.partition("=") for part in extra) if name == "--static-prefix"]
    prefix = given[-1] if given else settings.mlflow_static_prefix or ""
    return f"http://{reachable_host(listened)}:{settings.mlflow_port}{prefix}"


def store_identity(settings: Settings) -> str:
    """Return the identity of the store here; empty where a database server keeps it, or where it was never served."""
    return of_database(database_of(settings))


@dataclass(frozen=True)
class Announced:
    """What this user's other programs are told of an MLflow server: address -> folder of its artifacts, and identity.

    Each is empty where it cannot be told: artifacts that are not on this machine, the identity in a database server.
    """

    artifacts: dict[str, str] = field(default_factory=dict)
    stores: dict[str, str] = field(default_factory=dict)


def announced(settings: Settings, extra: Sequence[str] = ()) -> Announced:
    """Return what is told of the server that is started here."""
    uri, store = tracking_uri(settings, extra), store_identity(settings)
    folder = settings.artifacts_destination.removeprefix("file://")
    # With arguments of its own it is MLflow's server, which has no identity.
    stores = {uri: store} if store and not _becomes_mlflow(extra) else {}
    return Announced({} if "://" in folder else {uri: folder}, stores)


def _becomes_mlflow(extra: Sequence[str]) -> bool:
    known = ("--static-prefix",)
    return any(part.startswith("-") and part.partition("=")[0] not in known for part in extra)


def check_own(settings: Settings) -> None:
    """Make sure that what answers at the server's address serves the store here, before the password goes there.

    Raises:
        SettingsError: another server answers.
    """
    own, uri = store_identity(settings), tracking_uri(settings)
    answer = ask(uri)
    if own and answer.down is None and answer.store != own:
        raise SettingsError(
            f"At {uri} {named(answer.store)} answers, but {settings.store_dir} is {named(own)}: start its server, or "
            "correct MLFLOW_PORT, MLFLOW_STORE_DIR or LISTEN_ADDRESS."
        )


def server(
    settings: Settings, env: Mapping[str, str], log: Path, admin: Credentials | None, extra: Sequence[str] = ()
) -> ServerSpec:
    """Describe the MLflow server as `Unit` starts it.

    Args:
        settings: where it listens and where its data is.
        env: the user's environment.
        log: file that gets its output.
        admin: the administrator, if it asks for a password.
        extra: further arguments of `mlflow server`.
    """
    return ServerSpec(
        name=NAME,
        argv=[sys.executable, "-P", "-m", "jupyter_utils.servers.mlflow_app", *arguments(settings, admin), *extra],
        env=_environment(settings, env, admin),
        log=log,
        health=f"{tracking_uri(settings, extra)}/health",
    )


def arguments(settings: Settings, admin: Credentials | None) -> list[str]:
    """Return the arguments of `mlflow server`; addresses that may hold passwords go by the environment instead."""
    return [
        f"--host={settings.bind_address}",
        f"--port={settings.mlflow_port}",
        f"--workers={settings.mlflow_workers}",
        *(["--app-name=basic-auth"] if admin else []),
        *([f"--static-prefix={settings.mlflow_static_prefix}"] if settings.mlflow_static_prefix else []),
    ]


def _environment(settings: Settings, env: Mapping[str, str], admin: Credentials | None) -> dict[str, str]:
    # The server's own client calls would go to another server, or to itself.
    inherited = {name: value for name, value in env.items() if not name.startswith("MLFLOW_TRACKING_")}
    reached = settings.listen_address, settings.mlflow_server_allowed_hosts
    return {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # seven processes that only hosted evaluation needs
        **inherited,
        # Its workers, and what else it starts, look for no modules in the current folder: that may be anybody's.
        "PYTHONSAFEPATH": "1",
        "MLFLOW_BACKEND_STORE_URI": settings.backend_store_uri,
        "MLFLOW_ARTIFACTS_DESTINATION": settings.artifacts_destination,
        "MLFLOW_STORE_GROUP": settings.mlflow_store_group or "",
        "MLFLOW_ARTIFACT_LOCATIONS": settings.mlflow_artifact_locations or "",
        "MLFLOW_SERVER_ALLOWED_HOSTS": allowed_hosts(*reached, local=settings.is_local),
        "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": env.get("MLFLOW_SERVER_CORS_ALLOWED_ORIGINS")
        or allowed_origins(*reached, local=settings.is_local),
        **(_auth_environment(settings, admin) if admin else {}),
    }


def _auth_environment(settings: Settings, admin: Credentials) -> dict[str, str]:
    folder = _auth_dir(settings)
    found = {
        "MLFLOW_AUTH_ADMIN_USERNAME": admin.username,
        "MLFLOW_AUTH_ADMIN_PASSWORD": admin.password,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": kept_secret(folder / "session-key"),
    }
    if raw("MLFLOW_AUTH_CONFIG_PATH") is None:
        config = folder / "basic_auth.ini"
        database = sqlite_uri(folder / USERS).replace("%", "%%")  # configparser's own sign
        write_whole(
            config,
            "[mlflow]\ndefault_permission = READ\n"
            f"database_uri = {database}\n"
            "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n",
            mode=0o600,
        )
        found["MLFLOW_AUTH_CONFIG_PATH"] = str(config)
    return found
