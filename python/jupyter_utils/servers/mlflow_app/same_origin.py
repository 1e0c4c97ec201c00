"""MLflow's page at every address that its server is reached at, and at no other."""

from __future__ import annotations

import fnmatch
from typing import Any

from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.machine.addresses import PRIVATE_PATTERNS, is_authority, is_private_authority, listed
from jupyter_utils.machine.variables import given

from .checks import answer

_FORBIDDEN = 403
_OPEN = ("/health", "/version")
_SAID = b"Invalid Host header: the server does not know this name of itself (MLFLOW_SERVER_ALLOWED_HOSTS)"
_SCHEMES = (b"http", b"https")


class SameOrigin:
    """MLflow's application, which a foreign name does not reach, and for which its own page is no foreign one.

    MLflow compares the Host header with patterns, so that `10.evil.example`, a name of anybody's, passes as an address
    of a private network. Here an address is one only if it can be parsed as such.

    MLflow compares the Origin header with a list, and so refuses its own page at an address that the list lacks (a
    container does not know its host's). What is the same as the Host header is not foreign.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        prefix = given(adapter.STATIC_PREFIX)
        self._open = [prefix + path for path in _OPEN]
        names = listed(given("MLFLOW_SERVER_ALLOWED_HOSTS"))
        self._private = any(name in PRIVATE_PATTERNS for name in names)
        self._names = [name for name in names if name not in PRIVATE_PATTERNS]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] == "http":
            hosts = [value for name, value in scope["headers"] if name == b"host"]
            if scope["path"] not in self._open and not self._is_own(hosts):
                await answer(send, _FORBIDDEN, _SAID)
                return
            scope = _without_own_origin(scope, hosts)
        await self._app(scope, receive, send)

    def _is_own(self, hosts: list[bytes]) -> bool:
        if len(hosts) != 1:
            return False
        host = hosts[0].decode("latin-1")
        if "*" in self._names or not (self._names or self._private):
            return True
        # As MLflow reads its list.
        names = (fnmatch.fnmatchcase(host, name) if "*" in name else host == name for name in self._names)
        return (is_authority(host) and any(names)) or (self._private and is_private_authority(host))


def _without_own_origin(scope: Any, hosts: list[bytes]) -> Any:
    scheme, _, origin = dict(scope["headers"]).get(b"origin", b"").partition(b"://")
    if scheme not in _SCHEMES or [origin] != hosts:
        return scope
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name != b"origin"]}
