"""Which MLflow server, whether it answers, and how a browser reaches it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from jupyter_utils.errors import ExperimentError, TrackingServerError
from jupyter_utils.machine.addresses import is_loopback
from jupyter_utils.machine.kept_login import kept_login
from jupyter_utils.machine.lab_store import DEFAULT_URI, login_address
from jupyter_utils.machine.pages import run_page
from jupyter_utils.machine.threads import within
from jupyter_utils.machine.tracking_address import named, understood
from jupyter_utils.machine.urls import is_at, mask, said, without_credentials
from jupyter_utils.machine.variables import given, is_as_started

from .client import ANSWER_SECONDS, client_settings, open_client, why_closed

# MLflow's client asks a silent server again for 248 s; a living one answers this question at once.
_HEALTH_SECONDS = 2.0
_SILENT = f"does not answer within {_HEALTH_SECONDS:g} s"
_SERVER_ERROR, _UNAUTHORIZED = 500, 401

CHECK_SECONDS = 10


def tracking_uri(argument: str | None) -> str:
    """Return the address of the MLflow server: the argument, else the environment's, else that of our own one.

    The door of the lab is for browsers: whoever names it, as its pages do, means the MLflow behind it.
    """
    own = understood(given("MLFLOW_TRACKING_URI") or DEFAULT_URI)
    if not argument:
        return own
    uri, page = understood(argument), given("MLFLOW_UI_URL")
    return own if door_path() and page and is_http(uri) and is_at(uri, understood(page)) else uri


def tracking_uri_problem(argument: str | None) -> str | None:
    """Say in one line what is wrong with the address, and where it was given; None where it can be tried."""
    if argument:
        return named("mlf_uri", argument)
    return named("MLFLOW_TRACKING_URI", given("MLFLOW_TRACKING_URI") or DEFAULT_URI)


def sending_uri(kept: str) -> str:
    """Return the address by which an entry's server is reached: the environment's, if that is it with a password."""
    own = tracking_uri(None)
    return own if not kept or without_credentials(own) == kept.rstrip("/") else kept.rstrip("/")


REMEDY_DOWN = (
    "Was it started? A terminal of JupyterLab knows the lab's MLflow; in another shell MLFLOW_TRACKING_URI names it."
)
"""For whoever asks a server that does not answer."""


def login_remedy(uri: str) -> str:
    """Say how a server's user and password are given, where they were missing or wrong."""
    own = login_address()
    set_them = "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
    if (lab := kept_login(uri)) is not None:
        return (
            f"the password in {lab.password_file} is not the one that MLflow has for {lab.username}: put the right one "
            "there (no restart is needed), or start MLflow again, which takes over that of its own file; or "
            f"{set_them}."
        )
    if is_at(uri, own):
        return f"{set_them}."
    return (
        f"those of this environment are for {without_credentials(own)} alone and were not sent. For this server "
        f"{set_them} together with MLFLOW_TRACKING_URI={without_credentials(uri)}, or write them into "
        "~/.mlflow/credentials."
    )


def run_url(uri: str, experiment_id: str, run_id: str) -> str | None:
    """Return the address of a run's page for a browser, without credentials; None for a store that has no pages.

    `MLFLOW_UI_URL` holds for the server beside which it was given: not for one that was named in the call, nor for
    one that the environment names since (`mlflow.set_tracking_uri` writes there).

    >>> run_url("http://user:secret@example.org:5000", "1", "abc")
    'http://example.org:5000/#/experiments/1/runs/abc?workflowType=machine_learning'
    """
    page = (given("MLFLOW_UI_URL") if _is_own(uri) else None) or uri
    return run_page(page, experiment_id, run_id) if is_http(page) else None


def run_path(uri: str, experiment_id: str, run_id: str) -> str | None:
    """Return the path of a run's page below the address of the lab, whatever that is for the browser that shows it.

    None where this process runs in no lab with a door to MLflow, or where that leads to another server.
    """
    return run_page(door_path(), experiment_id, run_id) if door_path() and _is_own(uri) else None


def door_path() -> str:
    """Return the path at which the lab above this process shows MLflow; empty where there is none."""
    return given("JUPYTER_UTILS_DOOR")


def _is_own(uri: str) -> bool:
    return uri == tracking_uri(None) and is_as_started("MLFLOW_TRACKING_URI", unless="MLFLOW_UI_URL")


def is_http(uri: str) -> bool:
    """Tell whether an address is that of a web server (others: a database, a folder, a cloud service by name)."""
    return uri.startswith(("http://", "https://"))


@dataclass(frozen=True)
class ServerStatus:
    """What a server said before anything was written.

    Attributes:
        experiment_id: the experiment's id; None where it is not there yet.
        down: why the server cannot be used.
        experiment: what tells the experiment from one of the same name elsewhere; None where it is not there yet.
        remedy: what helps against that, where it is known.
    """

    experiment_id: str | None = None
    down: str | None = None
    experiment: str | None = None
    remedy: str | None = None


def check_experiment(uri: str, experiment_name: str) -> ServerStatus:
    """Ask a server that lives whether it lets us in, and has the experiment in a state that takes runs.

    Takes milliseconds, half a minute where an answer has no end; writes nothing.

    Raises:
        TrackingServerError: it refuses us.
        ExperimentError: the experiment was deleted.
    """
    with client_settings(retries=0, seconds=CHECK_SECONDS):
        return _check_experiment(uri, experiment_name)


def why_down(uri: str) -> str | None:
    """Say why a server cannot be reached within two seconds, or a database be opened; None where it can."""
    if not is_http(uri):
        return why_closed(uri)
    import requests  # noqa: F401 - the seconds that this takes on a cold disk are not the server's

    try:
        # In a thread: neither the resolver's time nor that of several addresses is bounded by a timeout.
        return within(_HEALTH_SECONDS, _ask_health, uri)
    except TimeoutError:
        return _SILENT


def _nobody(request: Any) -> Any:
    return request


def _ask_health(uri: str) -> str | None:
    import requests

    verify = certificates()
    with requests.Session() as session:
        if is_loopback(urlsplit(uri).hostname):
            session.trust_env = False  # no proxy; but certificates still as the environment says
            verify = (given("REQUESTS_CA_BUNDLE") or True) if verify is True else verify
        try:
            # Whoever answers has not proven yet who it is: neither the address's login nor one of ~/.netrc goes there.
            address = f"{without_credentials(uri)}/health"
            answer = session.get(address, auth=_nobody, timeout=_HEALTH_SECONDS, verify=verify, stream=True)
        except requests.Timeout:
            return _SILENT
        except Exception as error:  # noqa: BLE001 - whatever it is, it did not answer
            return f"does not answer ({_reason(error)})"
    status = answer.status_code
    return f"answers {status} (or a proxy before it does)" if status >= _SERVER_ERROR else None


def certificates() -> bool | str:
    """Trust whom MLflow's client is told to trust (`EXTRA_CA_CERTS` reaches requests by its own variable)."""
    if given("MLFLOW_TRACKING_INSECURE_TLS").lower() == "true":
        return False
    return given("MLFLOW_TRACKING_SERVER_CERT_PATH") or True


def _reason(error: Exception) -> str:
    """Return the innermost cause in one line: requests wraps it several times."""
    text = mask(str(getattr(error, "args", [error])[0] if error.args else error))
    return text.rpartition(": ")[2].strip("')\" ") or type(error).__name__


def experiment_mark(uri: str, name: str) -> str | None:
    """Return what tells an experiment from one of the same name elsewhere; None where it cannot be had now."""
    with client_settings(retries=0, seconds=CHECK_SECONDS), suppress(Exception):
        found = within(ANSWER_SECONDS, lambda: open_client(uri).get_experiment_by_name(name))
        return _mark(found) if found is not None else None
    return None


def _mark(experiment: Any) -> str:
    # Databases count from 1 on: the number alone is the same in most of them.
    return f"{experiment.experiment_id} of {experiment.creation_time}"


def _check_experiment(uri: str, name: str) -> ServerStatus:
    from .retry import status_of

    try:
        experiment = within(ANSWER_SECONDS, lambda: open_client(uri).get_experiment_by_name(name))
    except TimeoutError:
        return ServerStatus(down=f"lives, but has not ended its answer within {ANSWER_SECONDS:g} s")
    except Exception as error:  # noqa: BLE001 - a database has errors of its own kinds
        if status_of(error) == _UNAUTHORIZED:
            # As one that is down: who has the right password sends the run later, and it is not lost.
            remedy = f"It asks for a password: {login_remedy(uri)}"
            return ServerStatus(down=f"does not let us in ({said(error)})", remedy=remedy)
        if not _refuses(error):
            return ServerStatus(down=f"lives, but cannot answer ({said(error)})")
        raise TrackingServerError(
            f"The MLflow server at {without_credentials(uri)} refuses the call: {said(error)}. If that is not your "
            f"user: {login_remedy(uri)} Nothing was written, committed or sent."
        ) from None
    if experiment is not None and experiment.lifecycle_stage == "deleted":
        raise ExperimentError(
            f"experiment_name={name!r} was deleted in MLflow, so it takes no runs: restore it "
            f"(`mlflow experiments restore --experiment-id {experiment.experiment_id}`), or use another name."
        )
    if experiment is None:
        return ServerStatus()
    return ServerStatus(str(experiment.experiment_id), experiment=_mark(experiment))


def _refuses(error: Exception) -> bool:
    """Tell whether MLflow itself has said no, and means it; anything else may be over by the next time."""
    from mlflow.exceptions import RestException

    from .retry import is_later, is_login, is_proxy

    if is_proxy(error):
        return False
    return is_login(error) or (isinstance(error, RestException) and not is_later(error))
