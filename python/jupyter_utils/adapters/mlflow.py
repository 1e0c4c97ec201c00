"""MLflow's parts that its documentation does not promise: the one place that imports them (of MLflow 3.17).

`pyproject.toml` bounds MLflow's version accordingly: with a newer one, look through this module first. Each function
imports when it is called, since most of these take seconds, and some read the environment when they are imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

from .mlflow_client import login

# What `mlflow server` tells its workers, by the names in mlflow/server/constants.py and mlflow/environment_variables.py
# (a test holds these against them). Importing the names would import the server before they are set.
BACKEND_STORE_URI = "_MLFLOW_SERVER_FILE_STORE"
REGISTRY_STORE_URI = "_MLFLOW_SERVER_REGISTRY_STORE"
ARTIFACT_ROOT = "_MLFLOW_SERVER_ARTIFACT_ROOT"
ARTIFACTS_DESTINATION = "_MLFLOW_SERVER_ARTIFACT_DESTINATION"
SERVE_ARTIFACTS = "_MLFLOW_SERVER_SERVE_ARTIFACTS"
STATIC_PREFIX = "_MLFLOW_STATIC_PREFIX"
SERVER_KIND = "_MLFLOW_SGI_NAME"
ADMIN_BOOTSTRAPPED = "_MLFLOW_AUTH_ADMIN_BOOTSTRAPPED"
_PIECE = 2**20


def request(server: str, path: str, method: str, **options: Any) -> Any:
    """Ask an MLflow server as its client does, with the login that is for it; give the response of `requests`.

    Raises:
        MlflowException: the server cannot be reached.
    """
    from mlflow.utils.rest_utils import http_request

    return http_request(login(server), path, method, **options)


def check_response(response: Any) -> None:
    """Raise `requests.HTTPError` with the server's own words where it has refused."""
    from mlflow.utils.request_utils import augmented_raise_for_status

    augmented_raise_for_status(response)


def is_http_repository(repository: Any) -> bool:
    """Return whether artifacts go through an MLflow server."""
    from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository

    return isinstance(repository, HttpArtifactRepository)


def goes_in_parts(repository: Any, path: str) -> bool:
    """Return whether the client of an MLflow server would send a file in parts."""
    return bool(repository._should_multipart_upload(path))


def put_artifact(repository: Any, name: str, data: Any, file_name: str) -> None:
    """Send one artifact through an MLflow server as its client does, from bytes or from an iterable of bytes."""
    from mlflow.utils.mime_type_utils import _guess_mime_type
    from mlflow.utils.rest_utils import http_request

    kind = _guess_mime_type(file_name)
    credentials = repository._host_creds
    answer = http_request(credentials, f"/{name}", "PUT", data=data, extra_headers={"Content-Type": kind})
    check_response(answer)


def get_artifact(repository: Any, name: str, target: Path, opening: Callable[[Path], Any]) -> None:
    """Fetch one artifact into a file, in this thread: MLflow's own way takes others, which do not see our settings.

    What comes through an MLflow server is written in order into the file that `opening` makes. Any other store's client
    makes it by itself, and so does MLflow's where it fetches parts past the server (S3 and the like).
    """
    if not is_http_repository(repository) or _comes_in_parts(repository):
        repository._download_file(name, str(target))
        return
    from mlflow.utils.rest_utils import http_request

    with http_request(repository._host_creds, f"/{name}", "GET", stream=True) as answer:
        check_response(answer)
        with opening(target) as file:
            for piece in answer.iter_content(_PIECE):
                file.write(piece)


def _comes_in_parts(repository: Any) -> bool:
    asked = getattr(repository, "_is_multipart_download_enabled", None)
    return asked is not None and bool(asked())


def context_tags() -> dict[str, str]:
    """Return the tags that MLflow itself would set: the user, and what it finds of a notebook or script."""
    from mlflow.tracking.context.registry import resolve_tags

    return {str(name): str(value) for name, value in resolve_tags().items()}


def collect_garbage(arguments: list[str]) -> None:
    """Run `mlflow gc` in this process: an address on a command line could be read by everybody."""
    from mlflow.cli import gc

    gc.main(args=arguments, standalone_mode=False)


def upgrade_database(uri: str) -> None:
    """Run `mlflow db upgrade` in this process."""
    import mlflow.db

    command: Any = mlflow.db.upgrade
    command.callback(uri)


def latest_revision() -> str:
    """Return the revision of the tables that the installed MLflow needs."""
    from mlflow.store.db import utils

    return str(utils._get_latest_schema_revision())


def database_revision(uri: str) -> str | None:
    """Return the revision of a database's tables; None where there are none."""
    from mlflow.store.db import utils

    engine = utils.create_sqlalchemy_engine_with_retry(uri)
    try:
        found: str | None = utils._get_schema_version(engine)
    finally:
        engine.dispose()
    return found


def known_revisions() -> set[str]:
    """Return every revision of tables that the installed MLflow can bring up to date."""
    from alembic.script import ScriptDirectory
    from mlflow.store.db import utils

    scripts = ScriptDirectory.from_config(utils._get_alembic_config(""))
    return {str(script.revision) for script in scripts.walk_revisions()}


def server_application() -> Any:
    """Load the application that `mlflow server` would serve; it reads the environment."""
    from mlflow.server.fastapi_app import app

    return app


def server_application_with_passwords() -> Any:
    """Load the same with `--app-name=basic-auth`."""
    return users().create_app()


def users() -> Any:
    """Load what keeps MLflow's users and their passwords; it reads the environment."""
    from mlflow.server import auth

    return auth


def open_stores(uri: str, registry: str, artifacts: str) -> None:
    """Open the stores of the server in this process."""
    from mlflow.server.handlers import initialize_backend_stores

    initialize_backend_stores(uri, registry, artifacts)


def run_server(words: Sequence[str], changed: Callable[[list[str]], list[str]]) -> None:
    """Run `mlflow server` in this process, with another command than its own for what serves.

    Args:
        words: its arguments.
        changed: gives the command to be run in the place of MLflow's: `python -m uvicorn ... APPLICATION`.
    """
    import mlflow.server
    from mlflow.cli import server

    module: Any = mlflow.server
    run = module._exec_cmd

    def run_changed(command: list[str], **more: Any) -> Any:
        return run(changed(command), **more)

    module._exec_cmd = run_changed
    server.main(args=list(words), prog_name="mlflow server")


def served_folder() -> Any | None:
    """Return the repository in which the server in this process keeps artifacts, if that is a folder."""
    from mlflow.server.handlers import _get_artifact_repo_mlflow_artifacts
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

    store = _get_artifact_repo_mlflow_artifacts()
    return store if isinstance(store, LocalArtifactRepository) else None


def is_safe_path(path: str) -> bool:
    """Return whether MLflow's server takes a path of an artifact as it stands."""
    from mlflow.exceptions import MlflowException
    from mlflow.utils.uri import validate_path_is_safe

    try:
        return bool(validate_path_is_safe(path) == path)
    except MlflowException:
        return False
