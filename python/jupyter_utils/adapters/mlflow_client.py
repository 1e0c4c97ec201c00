"""MLflow's clients, with a login that belongs to their server.

MLflow's own send the user, password and token of the environment to every server. Here these go to the one server
that the environment names (`machine.lab_store`); to any other goes what MLflow reads from `~/.mlflow/credentials`, and
what stands in its address.
"""

from __future__ import annotations

import base64
from functools import cache
from types import FunctionType
from typing import Any

from jupyter_utils.machine.kept_login import kept_login, renew_login
from jupyter_utils.machine.lab_store import has_login

_ASKED = "get_default_host_creds"
"""MLflow's function that reads the environment, by which name its repositories call it."""
_RENEWED = "jupyter-utils"
_UNAUTHORIZED = 401


def login(uri: str) -> Any:
    """Return what an MLflow client needs to talk to an address: its login, certificates, and the address itself."""
    from mlflow.utils.credentials import _read_mlflow_creds_from_file, get_default_host_creds
    from mlflow.utils.rest_utils import MlflowHostCreds

    found = get_default_host_creds(uri)
    if has_login(uri):
        if kept_login(uri) is not None:
            found.auth = found.auth or _renewing()
        return found
    username, password = _read_mlflow_creds_from_file()
    return MlflowHostCreds(
        host=uri,
        username=username,
        password=password,
        ignore_tls_verification=found.ignore_tls_verification,
        client_cert_path=found.client_cert_path,
        server_cert_path=found.server_cert_path,
    )


@cache
def _renewing() -> str:
    """Make known to MLflow how a request that is refused asks again; the name by which its client is told so."""
    from mlflow.tracking.request_auth import registry
    from mlflow.tracking.request_auth.abstract_request_auth_provider import RequestAuthProvider

    class Renewing(RequestAuthProvider):
        def get_name(self) -> str:
            return _RENEWED

        def get_auth(self) -> Any:
            return _ask_again_once

    registry._request_auth_provider_registry.register(Renewing)
    return _RENEWED


def _ask_again_once(request: Any) -> Any:
    request.register_hook("response", _answered)
    return request


def _answered(response: Any, **options: Any) -> Any:
    """Return the answer to a request, or, where the lab has another login than that refused one, to a second one."""
    refused = response.request
    is_gone = hasattr(refused.body, "__next__") and not hasattr(refused.body, "seek")
    if response.status_code != _UNAUTHORIZED or is_gone:
        return response
    renew_login(response.url)
    header = _basic(response.url)
    if header is None or header == refused.headers.get("Authorization"):
        return response
    _ = response.content
    response.close()
    again = refused.copy()
    if hasattr(again.body, "seek"):
        again.body.seek(0)
    again.headers["Authorization"] = header
    answer = response.connection.send(again, **options)
    answer.history.append(response)
    answer.request = again
    return answer


def _basic(uri: str) -> str | None:
    from mlflow.utils.credentials import read_mlflow_creds

    username, password = read_mlflow_creds() if has_login(uri) else (None, None)
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}" if username and password else None


def client(uri: str) -> Any:
    """Return MLflow's client of a server, or of a database or folder, which have no login of this kind."""
    from mlflow import MlflowClient
    from mlflow.store.tracking.rest_store import RestStore
    from mlflow.tracking._tracking_service.client import TrackingServiceClient

    made = MlflowClient(uri)
    if uri.startswith(("http://", "https://")):
        store = RestStore(lambda: login(uri))
        kind = type("OwnLogin", (TrackingServiceClient,), {"store": property(lambda _: store)})
        made._tracking_client = kind(uri)
    return made


def artifact_repository(uri: str, server: str | None = None) -> Any:
    """Return the client of an artifact store; one of `mlflow-artifacts:` addresses lies behind the MLflow server."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
    from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository

    repository = get_artifact_repository(uri, tracking_uri=server)
    if isinstance(repository, HttpArtifactRepository):
        repository.__class__ = type("OwnLogin", (type(repository),), _asking(type(repository)))
    return repository


def _asking(kind: type) -> dict[str, Any]:
    """Return the methods and properties that ask MLflow for a login, such that they ask here."""
    found: dict[str, Any] = {}
    for one in reversed(kind.__mro__):
        for name, member in vars(one).items():
            function = member.fget if isinstance(member, property) else member
            if isinstance(function, FunctionType) and _ASKED in function.__code__.co_names:
                asking = _elsewhere(function)
                found[name] = property(asking) if isinstance(member, property) else asking
            elif name in found:
                del found[name]  # a class below has its own, which does not ask
    return found


def _elsewhere(function: FunctionType) -> FunctionType:
    scope = function.__globals__ | {_ASKED: login}
    made = FunctionType(function.__code__, scope, function.__name__, function.__defaults__, function.__closure__)
    made.__kwdefaults__ = function.__kwdefaults__
    return made
