"""MLflow's page at every address that its server is reached at."""

from __future__ import annotations

from typing import Any


class SameOrigin:
    """MLflow's application, for which a request from its own page is no foreign one.

    MLflow compares the Origin header with a list, and so refuses its own page at an address that the list lacks (a
    container does not know its host's). What is the same as the Host header, which MLflow checks too, is not foreign.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            if headers.get(b"origin", b"").partition(b"://")[2] == headers.get(b"host"):
                scope = {**scope, "headers": [(name, value) for name, value in scope["headers"] if name != b"origin"]}
        await self._app(scope, receive, send)
