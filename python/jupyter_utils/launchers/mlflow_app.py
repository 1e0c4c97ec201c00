"""The MLflow server's process: bring the database up to date, then serve.

`mlflow server` imports the whole server once to look at its arguments and then a second time in the process that
serves: about 9 s and 0.5 GB on two cores. One process that does both takes half of each. So where one worker with the
usual arguments is asked for, the application that `mlflow server` would name to uvicorn is served here; for anything
else this process becomes `mlflow server`.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

import click

from jupyter_utils.errors import JupyterUtilsError

# What `mlflow server` tells its workers, by the names in mlflow/server/constants.py and mlflow/environment_variables.py
# (a test holds these against them). Importing the names would import the server before they are set.
BACKEND_STORE_URI = "_MLFLOW_SERVER_FILE_STORE"
REGISTRY_STORE_URI = "_MLFLOW_SERVER_REGISTRY_STORE"
ARTIFACT_ROOT = "_MLFLOW_SERVER_ARTIFACT_ROOT"
ARTIFACTS_DESTINATION = "_MLFLOW_SERVER_ARTIFACT_DESTINATION"
SERVE_ARTIFACTS = "_MLFLOW_SERVER_SERVE_ARTIFACTS"
SERVER_KIND = "_MLFLOW_SGI_NAME"
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
    if workers > 1 or context.args:
        migrate_schema(os.environ["MLFLOW_BACKEND_STORE_URI"])
        if app_name:
            set_admin_password()
        os.execv(  # noqa: S606 - this process becomes the other
            sys.executable, [sys.executable, "-m", "mlflow", "server", "--serve-artifacts", *sys.argv[1:]]
        )
    import uvicorn  # noqa: PLC0415

    uvicorn.run(
        SameOrigin(load_app(app_name)),
        host=host,
        port=port,
        access_log=False,
        log_config=_log_config(),
        timeout_graceful_shutdown=GRACE,
    )


class SameOrigin:
    """MLflow's application, for which a request from its own page is no foreign one.

    MLflow compares the Origin header with a list, and so refuses its own page at an address that the list lacks (a
    container does not know its host's). What is the same as the Host header, which MLflow checks too, is not foreign.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            if headers.get(b"origin", b"").partition(b"://")[2] == headers.get(b"host"):
                scope = {**scope, "headers": [(name, value) for name, value in scope["headers"] if name != b"origin"]}
        await self._app(scope, receive, send)


def load_app(app_name: str | None) -> Any:
    """Load the application that `mlflow server` would serve, its database up to date."""
    uri = os.environ["MLFLOW_BACKEND_STORE_URI"]
    os.environ.update(
        {
            BACKEND_STORE_URI: uri,
            REGISTRY_STORE_URI: uri,
            ARTIFACT_ROOT: PROXIED_ARTIFACTS,
            ARTIFACTS_DESTINATION: os.environ["MLFLOW_ARTIFACTS_DESTINATION"],
            SERVE_ARTIFACTS: "true",
            SERVER_KIND: "uvicorn",
        }
    )
    from mlflow.server.fastapi_app import app  # noqa: PLC0415 - reads the environment
    from mlflow.server.handlers import initialize_backend_stores  # noqa: PLC0415

    migrate_schema(uri)
    initialize_backend_stores(uri, uri, PROXIED_ARTIFACTS)
    if app_name is None:
        return app
    set_admin_password()
    from mlflow.server import auth  # noqa: PLC0415

    return auth.create_app()


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


def _log_config() -> str:
    from mlflow.server import _UVICORN_LOG_CONFIG  # noqa: PLC0415

    return str(_UVICORN_LOG_CONFIG)


if __name__ == "__main__":
    main()
