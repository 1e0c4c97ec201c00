"""The MLflow server's process: bring the database up to date, then serve.

`mlflow server` imports the whole server once to look at its arguments and then a second time in the process that
serves: about 9 s and 0.5 GB on two cores. One process that does both takes half of each. So with the usual arguments
the application that `mlflow server` would name to uvicorn is served here, by one process or by several workers; for any
other argument this process becomes `mlflow server`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import multiprocessing
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jupyter_utils.errors import JupyterUtilsError
from jupyter_utils.variables import given

from .large_pieces import LargePieces
from .many_files import ManyFiles
from .same_origin import SameOrigin
from .server_info import ServerInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

# What `mlflow server` tells its workers, by the names in mlflow/server/constants.py and mlflow/environment_variables.py
# (a test holds these against them). Importing the names would import the server before they are set.
BACKEND_STORE_URI = "_MLFLOW_SERVER_FILE_STORE"
REGISTRY_STORE_URI = "_MLFLOW_SERVER_REGISTRY_STORE"
ARTIFACT_ROOT = "_MLFLOW_SERVER_ARTIFACT_ROOT"
ARTIFACTS_DESTINATION = "_MLFLOW_SERVER_ARTIFACT_DESTINATION"
SERVE_ARTIFACTS = "_MLFLOW_SERVER_SERVE_ARTIFACTS"
SERVER_KIND = "_MLFLOW_SGI_NAME"
ADMIN_BOOTSTRAPPED = "_MLFLOW_AUTH_ADMIN_BOOTSTRAPPED"
PROXIED_ARTIFACTS = "mlflow-artifacts:/"
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
    uri = given("MLFLOW_BACKEND_STORE_URI")
    if context.args:
        prepare(uri, app_name)
        os.execv(  # noqa: S606 - this process becomes the other
            sys.executable, [sys.executable, "-m", "mlflow", "server", "--serve-artifacts", *sys.argv[1:]]
        )
    os.environ.update(
        {
            BACKEND_STORE_URI: uri,
            REGISTRY_STORE_URI: uri,
            ARTIFACT_ROOT: PROXIED_ARTIFACTS,
            ARTIFACTS_DESTINATION: given("MLFLOW_ARTIFACTS_DESTINATION"),
            SERVE_ARTIFACTS: "true",
            SERVER_KIND: "uvicorn",
        }
    )
    import uvicorn  # noqa: PLC0415

    app: Any = FACTORIES[app_name]
    if workers == 1:
        prepare(uri, app_name)
        app = app()
    else:
        # Once, before there are workers, and not in this process, which does nothing but watch them.
        prepare_apart(uri, app_name)
        app = f"{__spec__.name}:{app.__name__}"
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


@contextlib.contextmanager
def no_collections() -> Iterator[None]:
    """Load without Python's garbage collector, which would look at a million objects again and again to find none.

    It took a fifth of the time to load (5.6 s of processor time, 4.4 s without it, on a busy machine). What is there
    after the block stays: it is left out of later collections.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def application() -> Any:
    """Load the application that `mlflow server` would serve."""
    with no_collections():
        from mlflow.server.fastapi_app import app  # noqa: PLC0415 - reads the environment

        return _ours(app)


def application_with_passwords() -> Any:
    """Load the same with `--app-name=basic-auth`."""
    os.environ[ADMIN_BOOTSTRAPPED] = "true"
    with no_collections():
        from mlflow.server import auth  # noqa: PLC0415 - reads the environment

        return _ours(auth.create_app())


FACTORIES = {None: application, "basic-auth": application_with_passwords}


def _ours(app: Any) -> Any:
    from mlflow.server.handlers import initialize_backend_stores  # noqa: PLC0415 - reads the environment

    uri = given(BACKEND_STORE_URI)
    initialize_backend_stores(uri, uri, PROXIED_ARTIFACTS)
    return SameOrigin(ServerInfo(ManyFiles(LargePieces(app))))


def set_admin_password() -> None:
    """Make the administrator's password the one that this process was given.

    MLflow looks at it only when it makes the administrator. But it is the launcher's file that says what the password
    is: a file that was lost, and made anew, would otherwise lock everybody out.
    """
    from mlflow.server import auth  # noqa: PLC0415 - reads the environment

    auth.bootstrap_admin_user()
    username, password = str(auth.auth_config.admin_username), str(auth.auth_config.admin_password)
    if not auth.store.authenticate_user(username, password):
        auth.store.update_user(username, password=password)
        click.echo(f"WARNING: the password of MLflow's {username} was set to the one that is configured.", err=True)


def migrate_schema(uri: str) -> None:
    """Bring the tables of MLflow's database to this MLflow's version; of an SQLite file the old one is kept beside it.

    As `mlflow db upgrade` does it, but only where there is something to do: that is 0.1 s at every other start.
    """
    from .schema import upgrade  # noqa: PLC0415 - imports MLflow and SQLAlchemy

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
