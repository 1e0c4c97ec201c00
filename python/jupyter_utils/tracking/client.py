"""MLflow's client as our calls use it: what it is told, and a store of whatever kind opened within bounds."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jupyter_utils.adapters import mlflow_settings
from jupyter_utils.adapters.mlflow_client import client
from jupyter_utils.machine.threads import within
from jupyter_utils.machine.urls import said, sqlite_file
from jupyter_utils.machine.variables import raw

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER_SECONDS = 30.0
"""For how long any one answer is waited for, all of it, before a run is kept."""
_SECONDS = 60
_RETRIES, _BACKOFF, _TIMEOUT = (f"MLFLOW_HTTP_REQUEST_{name}" for name in ("MAX_RETRIES", "BACKOFF_FACTOR", "TIMEOUT"))
# By themselves MLflow's calls give an MLflow that is down up after four minutes each (seven retries, pauses of up to
# 64 s): a Trainer that reports to it was held for 495 s. This is about fifteen seconds, in which a server starts again.
NOTEBOOKS = {_RETRIES: "4", _BACKOFF: "1", _TIMEOUT: "30"}
"""What notebooks of the lab inherit for MLflow calls of their own, where the user has not set it."""
_PORTS = {"postgresql": 5432, "postgres": 5432, "mysql": 3306, "mssql": 1433}
_PROBE_SECONDS = 2.0


@contextmanager
def client_settings(*, retries: int | None = None, seconds: int = _SECONDS) -> Iterator[None]:
    """Set MLflow's client up for one call: names of this machine past every proxy, few retries, nothing printed.

    It holds for this context (thread) and those that `machine.threads` starts from it; no other sees a change.

    Args:
        retries: wins over the user's: whoever repeats requests by itself says 0.
        seconds: for how long each piece of an answer is waited for, where the user has not set that.
    """
    values: dict[str, Any] = {
        _RETRIES: int(_own(_RETRIES) or 3) if retries is None else retries,
        _TIMEOUT: int(_own(_TIMEOUT) or seconds),
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": True,
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": False,
    }
    with mlflow_settings.settings(values):
        yield


def _own(name: str) -> str | None:
    """Return what the user has set; what the lab has set for other callers of MLflow is not for us."""
    value = raw(name)
    return None if value == NOTEBOOKS[name] else value


def open_client(uri: str) -> Any:
    """Return MLflow's client of a store; a new SQLite database is made first, as a whole."""
    file = sqlite_file(uri)
    if file is not None and file.is_absolute():
        from jupyter_utils.adapters.new_database import make_sqlite

        make_sqlite(file)
    return client(uri)


def why_closed(uri: str) -> str | None:
    """Say why a store without a web server cannot be opened within half a minute; None where it can."""
    try:
        if address := _database_address(uri):
            within(_PROBE_SECONDS, _connect, address)
    except (OSError, TimeoutError) as error:
        return f"does not answer ({said(error)})"
    try:
        within(ANSWER_SECONDS, open_client, uri)
    except TimeoutError as error:
        return f"cannot be opened ({said(error)})"
    except Exception as error:  # noqa: BLE001 - a database has errors of its own kinds
        return f"cannot be opened ({type(error).__name__}: {said(error)})"
    return None


def _database_address(uri: str) -> tuple[str, int] | None:
    """Return where a database's server listens, if the address says so.

    >>> _database_address("postgresql+psycopg://me@db/mlflow")
    ('db', 5432)
    >>> _database_address("sqlite:////srv/mlflow.db")
    """
    parts = urlsplit(uri)
    port = _PORTS.get(parts.scheme.partition("+")[0])
    return (parts.hostname, parts.port or port) if port and parts.hostname else None


def _connect(address: tuple[str, int]) -> None:
    socket.create_connection(address, timeout=_PROBE_SECONDS).close()
