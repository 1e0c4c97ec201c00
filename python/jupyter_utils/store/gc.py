"""`mlflow gc`, told where the database, the artifacts and the running server are."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.adapters.mlflow_artifacts import confine_deletions
from jupyter_utils.errors import SettingsError
from jupyter_utils.machine.readiness import answers
from jupyter_utils.machine.urls import mask

from . import lock
from .locations import Locations
from .privacy import tell_kept_private

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_utils.settings import Settings


def collect(settings: Settings, older_than: str, uri: str, environment: Mapping[str, str]) -> None:
    """Remove runs, models and experiments that were deleted longer than `older_than` ago, and their artifacts.

    Args:
        settings: where the data is.
        older_than: a time such as `30d` or `12h`.
        uri: the running server's address.
        environment: proxies, certificates and the password with which it is reached.

    Raises:
        SettingsError: the server, which removes the artifacts, does not answer.
        StoreBusyError: a restore or another command has the store alone.
    """
    if not answers(f"{uri}/health", limit=10):
        raise SettingsError(
            f"No MLflow server answers at {mask(uri)}: start it, or correct MLFLOW_PORT or LISTEN_ADDRESS."
        )
    os.environ.update(environment)
    # What a database names may be anybody's file, and this command may be root's.
    confine_deletions(
        replace(Locations.of(settings.artifacts_destination, settings.mlflow_artifact_locations), by_server=True)
    )
    with lock.using(lock.database_of(settings)):
        tell_kept_private(settings)
        adapter.collect_garbage(
            [
                f"--older-than={older_than}",
                f"--backend-store-uri={settings.backend_store_uri}",
                f"--artifacts-destination={settings.artifacts_destination}",
                f"--tracking-uri={uri}",
            ]
        )
