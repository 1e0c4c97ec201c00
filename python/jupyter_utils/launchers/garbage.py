"""`mlflow gc`, told where the database, the artifacts and the running server are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jupyter_utils.errors import SettingsError

from . import mlflow
from .lab import base_environment
from .readiness import answers

if TYPE_CHECKING:
    from jupyter_utils.settings import Settings


def collect(settings: Settings, older_than: str) -> None:
    """Remove runs, models and experiments that were deleted longer than `older_than` ago (`30d`, `12h`), and artifacts.

    Raises:
        SettingsError: the server, which removes the artifacts, does not answer.

    """
    uri = mlflow.tracking_uri(settings)
    if not answers(f"{uri}/health", limit=10):
        raise SettingsError(f"No MLflow server answers at {uri}: start it, or correct MLFLOW_PORT or LISTEN_ADDRESS.")
    admin = mlflow.credentials(settings)
    os.environ.update({**base_environment(settings), **(admin.environment() if admin else {})})

    from mlflow.cli import gc  # noqa: PLC0415 - reads the environment

    # In this process: the database's address may hold a password, which everybody could read on a command line.
    gc.main(
        args=[
            f"--older-than={older_than}",
            f"--backend-store-uri={settings.backend_store_uri}",
            f"--artifacts-destination={settings.artifacts_destination}",
            f"--tracking-uri={uri}",
        ],
        standalone_mode=False,
    )
