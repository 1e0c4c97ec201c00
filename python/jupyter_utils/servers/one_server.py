"""One server for one store: a second lab on it uses the first one's MLflow, or says why it cannot."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from jupyter_utils.errors import StoreBusyError
from jupyter_utils.store import identity, lock, swap

from . import mlflow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jupyter_utils.settings import Settings


@contextlib.contextmanager
def own_store(settings: Settings, extra: Sequence[str] = ()) -> Iterator[None]:
    """Be the one server of the store for the block; complete first what an interrupted restore left.

    Raises:
        ServedError: another server runs on the store.
        StoreBusyError: a command works on it that wants it alone.
        DirectoryError: its folders cannot be used.
        BackupError: the interrupted restore cannot be completed.
    """
    mlflow.prepare_store(settings)
    database, uri = lock.database_of(settings), mlflow.tracking_uri(settings, extra)
    with lock.serving(database, uri, asks_password=settings.mlflow_asks_password):
        if database is not None and swap.interrupted(database):
            with lock.changing(database):
                swap.recover(database)
        identity.of_started(database)
        yield


@contextlib.contextmanager
def own_store_or_neighbour(settings: Settings) -> Iterator[Settings]:
    """Be the one server of the store for the block; where another is, name it as the MLflow to use.

    Yields:
        the settings: as they were, or with MLFLOW_TRACKING_URI.

    Raises:
        StoreBusyError: the other one cannot be reached from here, or a command has the store alone.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(own_store(settings))
        except lock.ServedError as error:
            settings = _neighbour(settings, error)
        yield settings


def _neighbour(settings: Settings, error: lock.ServedError) -> Settings:
    found = error.serving
    if not found.is_reachable:
        raise StoreBusyError(f"{error} (This lab cannot: that is another machine's or container's.)") from None
    click.echo(
        f"MLflow runs on {settings.store_dir} already, at {found.uri}, started by process {found.pid}: this lab uses "
        "it. When that ends, runs wait until an MLflow runs there again.",
        err=True,
    )
    return settings.model_copy(
        update={"mlflow_tracking_uri": found.uri, "mlflow_auth": "on" if found.asks_password else "off"}
    )
