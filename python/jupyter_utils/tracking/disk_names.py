"""Which names the disk of an artifact store tells apart: it is asked where it can be reached."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.entries.entry import INCOMING
from jupyter_utils.entries.names import LIMIT, PATH
from jupyter_utils.machine.disk_names import confused
from jupyter_utils.machine.files import existing_part
from jupyter_utils.machine.urls import local_folder

from .client import client_settings, open_client
from .local import artifact_folder
from .server import is_http

if TYPE_CHECKING:
    from collections.abc import Sequence

_SECONDS = 5.0
_OK = 200
# Where MLflow puts the artifacts of an experiment that it makes without a server, below the current folder.
_DEFAULT = "mlruns"


def confused_by_store(uri: str, experiment_name: str, names: Sequence[str]) -> list[tuple[str, str | None]]:
    """Return the names that the store of this address takes for another, or cannot hold; none where nobody tells."""
    names = names[:LIMIT]
    try:
        with client_settings(retries=0):
            return _by_server(uri, names) if is_http(uri) else _by_folder(uri, experiment_name, names)
    except Exception:  # noqa: BLE001 - then what arrives is counted, and a run that lacks a file is refused
        return []


def _by_server(uri: str, names: Sequence[str]) -> list[tuple[str, str | None]]:
    folder = artifact_folder(uri)
    if folder is not None:
        return confused(folder / INCOMING, names)
    answer = adapter.request(uri, PATH, "POST", data=json.dumps(names).encode(), max_retries=0, timeout=_SECONDS)
    if answer.status_code != _OK:  # a server of another make
        return []
    return [(str(name), other) for name, other in answer.json()]


def _by_folder(uri: str, experiment_name: str, names: Sequence[str]) -> list[tuple[str, str | None]]:
    experiment = open_client(uri).get_experiment_by_name(experiment_name)
    folder = local_folder(experiment.artifact_location if experiment else _DEFAULT)
    return [] if folder is None else confused(existing_part(Path(folder).absolute()), names)
