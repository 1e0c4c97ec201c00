"""The MLflow server's process: bring the database up to date, then serve.

`mlflow server` imports the whole server once to look at its arguments and then a second time in the process that
serves: about 9 s and 0.5 GB on two cores. One process that does both takes half of each. So with the usual arguments
the application that `mlflow server` would name to uvicorn is served here, by one process or by several workers; for any
other argument this process becomes `mlflow server`, around the same application (`further`).
"""

from __future__ import annotations

import importlib.util
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.machine.variables import given
from jupyter_utils.store.privacy import umask

from .applications import FACTORIES, PROXIED_ARTIFACTS
from .preparation import prepare, prepare_apart, using_or_exit

if TYPE_CHECKING:
    from collections.abc import Callable

GRACE = 3
"""Seconds that open requests have when the server is asked to stop."""


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.option("--host", required=True)
@click.option("--port", type=int, required=True)
@click.option("--workers", type=int, default=1)
@click.option("--app-name", type=click.Choice(["basic-auth"]), default=None)
@click.option("--static-prefix", default="")
@click.pass_context
def main(context: click.Context, /, host: str, port: int, workers: int, **options: Any) -> None:
    """Serve MLflow; addresses of the stores come by the environment variables of `mlflow server`."""
    os.umask(umask(given("MLFLOW_STORE_GROUP")))
    warnings.simplefilter("ignore", DeprecationWarning)
    uri, app_name = given("MLFLOW_BACKEND_STORE_URI"), options["app_name"]
    if workers > 1 and not context.args:
        # Once, before there are workers, and not in this process, which does nothing but watch them.
        prepare_apart(uri, app_name)
    # Held as long as this process serves: nobody restores below it.
    with using_or_exit(uri) as held:
        if context.args:
            prepare(uri, app_name)
            _become_mlflow(held)
        _tell_workers(uri, options["static_prefix"])
        _serve(FACTORIES[app_name], workers, lambda: prepare(uri, app_name), host=host, port=port)


def _become_mlflow(held: int | None) -> NoReturn:
    """Become `mlflow server`, which knows further arguments; the store's lock goes along."""
    if held is not None:
        os.set_inheritable(held, True)
    os.execv(sys.executable, [sys.executable, "-P", "-m", f"{__package__}.further", *sys.argv[1:]])


def _tell_workers(uri: str, static_prefix: str) -> None:
    """Set what `mlflow server` tells the processes that serve."""
    os.environ.update(
        {
            adapter.BACKEND_STORE_URI: uri,
            adapter.REGISTRY_STORE_URI: uri,
            adapter.ARTIFACT_ROOT: PROXIED_ARTIFACTS,
            adapter.ARTIFACTS_DESTINATION: given("MLFLOW_ARTIFACTS_DESTINATION"),
            adapter.SERVE_ARTIFACTS: "true",
            adapter.SERVER_KIND: "uvicorn",
            adapter.STATIC_PREFIX: static_prefix,
        }
    )


def _serve(factory: Callable[[], Any], workers: int, prepare_here: Callable[[], None], **address: Any) -> None:
    import uvicorn

    from .prompt import PROTOCOL

    app: Any = factory
    if workers == 1:
        prepare_here()
        app = factory()
    else:
        app = f"{factory.__module__}:{factory.__name__}"
    uvicorn.run(
        app,
        factory=workers > 1,
        workers=workers,
        http=PROTOCOL,
        access_log=False,
        log_config=log_config(),
        timeout_graceful_shutdown=GRACE,
        **address,
    )


def log_config() -> str:
    """Find MLflow's own without importing it, which the process that watches workers can do without."""
    package = importlib.util.find_spec("mlflow")
    return str(Path(str(package and package.origin)).parent / "server" / "uvicorn_log_config.yaml")


if __name__ == "__main__":
    main()
