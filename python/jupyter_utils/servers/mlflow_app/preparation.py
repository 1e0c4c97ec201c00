"""What is done to MLflow's databases before its server starts.

In a module of its own: a process that is started for it finds its work by name, and nothing in a package's `__main__`.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
from typing import TYPE_CHECKING

import click

from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.adapters.mlflow_artifacts import artifact_locations
from jupyter_utils.errors import JupyterUtilsError, StoreBusyError
from jupyter_utils.machine.urls import mask, said, sqlite_file
from jupyter_utils.store import lock
from jupyter_utils.store.locations import SETTING, foreign

from .applications import locations, no_collections

if TYPE_CHECKING:
    from collections.abc import Iterator


def prepare(uri: str, app_name: str | None) -> None:
    """Bring the databases up to date."""
    with no_collections():
        migrate_schema(uri)
        name_foreign_locations(uri)
        if app_name:
            set_admin_password()


def prepare_apart(uri: str, app_name: str | None) -> None:
    """Do the same in another process, which takes the memory that it needs with it."""
    process = multiprocessing.get_context("spawn").Process(target=prepare, args=(uri, app_name), daemon=True)
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(process.exitcode)


def name_foreign_locations(uri: str) -> None:
    """Say which experiments keep artifacts where this server does not go, and how to let it."""
    places = locations()
    found = foreign(places, artifact_locations(uri))
    if found:
        shown = ",".join([*places.more, *map(mask, found)])
        click.echo(
            f"WARNING: experiments keep artifacts at {', '.join(map(mask, found))}, which is not this server's own "
            "place, so these files can neither be read nor written through it. If the experiments are yours, list the "
            f"places once, in .env or the environment:  {SETTING}={shown}",
            err=True,
        )


def set_admin_password() -> None:
    """Make the administrator's password the one that this process was given.

    MLflow looks at it only when it makes the administrator. But it is the launcher's file that says what the password
    is: a file that was lost, and made anew, would otherwise lock everybody out.
    """
    auth = adapter.users()
    auth.bootstrap_admin_user()
    username, password = str(auth.auth_config.admin_username), str(auth.auth_config.admin_password)
    if not auth.store.authenticate_user(username, password):
        auth.store.update_user(username, password=password)
        click.echo(f"WARNING: the password of MLflow's {username} was set to the one that is configured.", err=True)


def migrate_schema(uri: str) -> None:
    """Bring the tables of MLflow's database to this MLflow's version; of an SQLite file the old one is kept beside it.

    As `mlflow db upgrade` does it, but only where there is something to do: that is 0.1 s at every other start.
    """
    from jupyter_utils.store.schema import upgrade  # imports MLflow and SQLAlchemy

    try:
        upgrade(uri)
    except JupyterUtilsError as error:
        sys.exit(f"ERROR: {said(error)}")


@contextlib.contextmanager
def using_or_exit(uri: str) -> Iterator[int | None]:
    """Hold the store's lock, shared, for the block; end this process where a command has the store alone."""
    with contextlib.ExitStack() as stack:
        try:
            held = stack.enter_context(lock.using(sqlite_file(uri)))
        except StoreBusyError as error:
            sys.exit(f"ERROR: {said(error)}")
        yield held
