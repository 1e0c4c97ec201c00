"""MLflow's artifact stores, held to certain places: the parts of MLflow 3.17 that this needs.

Every store that a server opens comes from one registry, whatever the way to it: the artifact proxy, `/get-artifact`,
`upload-artifact`, lists, model versions, logged models, traces. And every location that is written into a database
goes through four methods of its two stores. So both are held here, not at the server's many addresses.
"""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from .places import Places

_WAYS = ("runs:/", "models:/")


def confine_repositories(places: Places) -> None:
    """Open no artifact store elsewhere in this process, and follow no link out of one."""
    from mlflow.store.artifact import artifact_repository_registry as registries

    from .confined_folder import ConfinedFolder

    registry: Any = registries._artifact_repository_registry
    opened = registry.get_artifact_repository
    for scheme in ("", "file"):
        registry.register(scheme, partial(ConfinedFolder, places))

    def get_artifact_repository(artifact_uri: str, *args: Any, **more: Any) -> Any:
        # MLflow's own ways to a place; what they lead to comes here again.
        if not str(artifact_uri).startswith(_WAYS) and not places.serves(str(artifact_uri)):
            raise _refused(places, str(artifact_uri))
        return opened(artifact_uri, *args, **more)

    registry.get_artifact_repository = get_artifact_repository


def confine_deletions(places: Places) -> None:
    """Let `mlflow gc` in this process delete nothing elsewhere: it says so, and goes on."""
    from mlflow.exceptions import InvalidUrlException, MlflowException
    from mlflow.store.artifact import artifact_repository_registry as registries

    confine_repositories(places)
    registry: Any = registries._artifact_repository_registry
    confined = registry.get_artifact_repository

    class Spared:
        """Artifacts that stay where they are."""

        def __init__(self, error: Exception) -> None:
            self._error = error

        def delete_artifacts(self, _artifact_path: str | None = None) -> None:
            raise InvalidUrlException(str(self._error))

    def get_artifact_repository(artifact_uri: str, *args: Any, **more: Any) -> Any:
        try:
            return confined(artifact_uri, *args, **more)
        except MlflowException as error:
            return Spared(error)

    registry.get_artifact_repository = get_artifact_repository


def confine_locations(places: Places) -> None:
    """Take no other artifact location into the databases that this process has opened."""
    from mlflow.server.handlers import _get_model_registry_store, _get_tracking_store
    from mlflow.utils.mlflow_tags import MLFLOW_ARTIFACT_LOCATION

    tracking: Any = _get_tracking_store()
    registry: Any = _get_model_registry_store()

    def trace(given: dict[str, Any]) -> Any:
        return (given["trace_info"].tags or {}).get(MLFLOW_ARTIFACT_LOCATION)

    def trace_tag(given: dict[str, Any]) -> Any:
        return given["value"] if given["key"] == MLFLOW_ARTIFACT_LOCATION else None

    _hold(tracking, "create_experiment", lambda given: given.get("artifact_location"), places)
    _hold(tracking, "start_trace", trace, places)
    _hold(tracking, "set_trace_tag", trace_tag, places)
    _hold(registry, "create_model_version", _source_elsewhere, places)


def artifact_locations(uri: str) -> list[str]:
    """Return where the experiments of a database keep their artifacts."""
    from mlflow.store.db import utils
    from sqlalchemy import text

    engine = utils.create_sqlalchemy_engine_with_retry(uri)
    try:
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT DISTINCT artifact_location FROM experiments"))
            return [str(row[0]) for row in rows if row[0]]
    finally:
        engine.dispose()


def _source_elsewhere(given: dict[str, Any]) -> Any:
    """Return a model version's source, unless it is MLflow's own way to a place, or a prompt's, which has no files."""
    from mlflow.prompt.constants import _PROMPT_SOURCE_PLACEHOLDERS

    source = given["source"]
    return None if source in _PROMPT_SOURCE_PLACEHOLDERS or source.startswith(_WAYS) else source


def _refused(places: Places, address: str) -> Exception:
    from mlflow.exceptions import MlflowException

    refused: Exception = MlflowException.invalid_parameter_value(places.refusal(address))
    return refused


def _hold(store: Any, method: str, named: Callable[[dict[str, Any]], Any], places: Places) -> None:
    call = getattr(store, method)
    signature = inspect.signature(call)

    def held(*args: Any, **more: Any) -> Any:
        address = named(signature.bind(*args, **more).arguments)
        if address and not places.takes(str(address)):
            raise _refused(places, str(address))
        return call(*args, **more)

    setattr(store, method, held)
