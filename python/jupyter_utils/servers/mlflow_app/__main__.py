"""The MLflow server's process: bring the database up to date, then serve.

`mlflow server` imports the whole server once to look at its arguments and then a second time in the process that
serves: about 9 s and 0.5 GB on two cores. One process that does both takes half of each. So with the usual arguments
the application that `mlflow server` would name to uvicorn is served here, by one process or by several workers; for any
other argument this process becomes `mlflow server`.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import click

from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.errors import JupyterUtilsError

from .applications import FACTORIES, PROXIED_ARTIFACTS, no_collections

GRACE = 3
"""Seconds that open requests have when the server is asked to stop."""


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.option("--host", required=True)
@click.option("--port", type=int, required=True)
@click.option("--workers", type=int, default=1)
@click.option("--app-name", type=click.Choice(["basic-auth"]), default=None)
@click.pass_context
def main(context: click.Context, host: str, port: int, workers: int, app_name: str | None) -> None:
    """Serve MLflow; addresses of the stores come by the environment variables of `mlflow server`."""
    warnings.simplefilter("ignore", DeprecationWarning)
    uri = os.environ["MLFLOW_BACKEND_STORE_URI"]
    if context.args:
        prepare(uri, app_name)
        os.execv(  # noqa: S606 - this process becomes the other
            sys.executable, [sys.executable, "-m", "mlflow", "server", "--serve-artifacts", *sys.argv[1:]]
        )
    os.environ.update(
        {
            adapter.BACKEND_STORE_URI: uri,
            adapter.REGISTRY_STORE_URI: uri,
            adapter.ARTIFACT_ROOT: PROXIED_ARTIFACTS,
            adapter.ARTIFACTS_DESTINATION: os.environ["MLFLOW_ARTIFACTS_DESTINATION"],
            adapter.SERVE_ARTIFACTS: "true",
            adapter.SERVER_KIND: "uvicorn",
        }
    )
    import uvicorn

    app: Any = FACTORIES[app_name]
    if workers == 1:
        prepare(uri, app_name)
        app = app()
    else:
        # Once, before there are workers, and not in this process, which does nothing but watch them.
        prepare_apart(uri, app_name)
        app = f"{app.__module__}:{app.__name__}"
    uvicorn.run(
        app,
        factory=workers > 1,
        workers=workers,
        host=host,
        port=port,
        access_log=False,
        log_config=log_config(),
        timeout_graceful_shutdown=GRACE,
    )


def prepare(uri: str, app_name: str | None) -> None:
    """Bring the databases up to date."""
    with no_collections():
        migrate_schema(uri)
        if app_name:
            set_admin_password()


def prepare_apart(uri: str, app_name: str | None) -> None:
    """Do the same in another process, which takes the memory that it needs with it."""
    process = multiprocessing.get_context("spawn").Process(target=prepare, args=(uri, app_name), daemon=True)
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(process.exitcode)


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
        sys.exit(f"ERROR: {error}")


def log_config() -> str:
    """Find MLflow's own without importing it, which the process that watches workers can do without."""
    package = importlib.util.find_spec("mlflow")
    return str(Path(str(package and package.origin)).parent / "server" / "uvicorn_log_config.yaml")


if __name__ == "__main__":
    main()
