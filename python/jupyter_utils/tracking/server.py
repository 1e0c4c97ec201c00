"""Which MLflow server, whether it answers, and how a browser reaches it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from jupyter_utils.errors import ExperimentError, TrackingServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_URI = "http://127.0.0.1:15000"

# MLflow's client asks a silent server again for 248 s; a living one answers this question at once.
_CONNECT_SECONDS = 2.0
_ANSWER_SECONDS = 10.0
_SERVER_ERROR = 500
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")

# What a call of ours changes in MLflow's behaviour, unless the user has set it: retries for seconds instead of
# minutes, and no lines printed between our own.
_CLIENT_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


def tracking_uri(argument: str | None) -> str:
    """Give the address of the MLflow server: the argument, else the environment's, else that of our own one."""
    return (argument or os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_URI).rstrip("/")


def run_url(uri: str, experiment_id: str, run_id: str) -> str | None:
    """Give the address of a run's page for a browser, without credentials; None for a store that has no pages.

    `MLFLOW_UI_URL` holds for the server of the environment only, not for one that was named in the call.

    >>> run_url("http://user:secret@example.org:5000", "1", "abc")
    'http://example.org:5000/#/experiments/1/runs/abc'
    """
    own = uri == tracking_uri(None)
    page = (os.environ.get("MLFLOW_UI_URL") if own else None) or uri
    if not is_http(page):
        return None
    return f"{without_credentials(page).rstrip('/')}/#/experiments/{experiment_id}/runs/{run_id}"


def is_http(uri: str) -> bool:
    """Tell whether an address is that of a web server (others: a database, a folder, a cloud service by name)."""
    return uri.startswith(("http://", "https://"))


def without_credentials(uri: str) -> str:
    """Give an address as it may be shown."""
    parts = urlsplit(uri)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, parts.fragment))


@contextmanager
def client_settings() -> Iterator[None]:
    """Set MLflow's client up for one call: local names past every proxy, few retries, nothing printed."""
    before = dict(os.environ)
    for name in ("NO_PROXY", "no_proxy"):
        named = [one.strip() for one in os.environ.get(name, "").split(",") if one.strip()]
        os.environ[name] = ",".join(dict.fromkeys([*named, *_LOCAL_NAMES]))
    for name, value in _CLIENT_SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        yield
    finally:
        for name in ("NO_PROXY", "no_proxy", *_CLIENT_SETTINGS):
            if name in before:
                os.environ[name] = before[name]
            else:
                os.environ.pop(name, None)


@contextmanager
def few_retries() -> Iterator[None]:
    """Inside of `client_settings`: ask a server that has just failed once more, not for another quarter of a minute."""
    name = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
    before = os.environ[name]
    os.environ[name] = "1"
    try:
        yield
    finally:
        os.environ[name] = before


def check_server(uri: str, experiment_name: str) -> str | None:
    """Ask the server whether it lives, lets us in, and has the experiment in a state that takes runs.

    Returns the experiment's id, None where it is not there yet. Takes milliseconds, and writes nothing.

    Raises `TrackingServerError` or `ExperimentError`.
    """
    with client_settings():
        if is_http(uri):
            _check_alive(uri)
        return _check_experiment(uri, experiment_name)


def _check_alive(uri: str) -> None:
    import requests  # noqa: PLC0415

    shown = without_credentials(uri)
    try:
        answer = requests.get(f"{uri}/health", timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS), verify=_certificates())
    except requests.RequestException as error:
        raise TrackingServerError(
            f"The MLflow server at {shown} does not answer ({_reason(error)}): start it (`jupyter-utils mlflow`), or "
            "name the right one with mlf_uri= or MLFLOW_TRACKING_URI. Nothing was written, committed or sent."
        ) from error
    if answer.status_code >= _SERVER_ERROR:
        raise TrackingServerError(
            f"The MLflow server at {shown} (or a proxy before it) answers {answer.status_code}: see its log. "
            "Nothing was written, committed or sent."
        )


def _certificates() -> bool | str:
    """Trust whom MLflow's client is told to trust (`EXTRA_CA_CERTS` reaches requests by its own variable)."""
    if os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() == "true":
        return False
    return os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or True


def _reason(error: Exception) -> str:
    """Give the innermost cause in one line: requests wraps it several times."""
    text = str(getattr(error, "args", [error])[0] if error.args else error)
    return text.rpartition(": ")[2].strip("')\" ") or type(error).__name__


def _check_experiment(uri: str, name: str) -> str | None:
    from mlflow import MlflowClient, MlflowException  # noqa: PLC0415

    try:
        experiment = MlflowClient(uri).get_experiment_by_name(name)
    except MlflowException as error:
        raise TrackingServerError(
            f"The MLflow server at {without_credentials(uri)} refuses the call: {error}. If it asks for a password, "
            "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD. Nothing was written, committed or sent."
        ) from error
    if experiment is not None and experiment.lifecycle_stage == "deleted":
        raise ExperimentError(
            f"experiment_name={name!r} was deleted in MLflow, so it takes no runs: restore it "
            f"(`mlflow experiments restore --experiment-id {experiment.experiment_id}`), or use another name."
        )
    return str(experiment.experiment_id) if experiment is not None else None
