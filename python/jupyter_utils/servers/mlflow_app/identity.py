"""The question who this server is.

    GET /api/2.0/mlflow-artifacts/jupyter-utils/identity/NONCE

The answer proves which store it serves (`entries.identity`). It is given before any login, because nobody should send
a password before; it tells nothing but the store's public name. The Host header was judged before, as of any request.
"""

from __future__ import annotations

from typing import Any

from jupyter_utils.entries.identity import NONCE, PATH, proof

from .checks import OK, answer, own_name


class Identity:
    """MLflow's application (ASGI), with that one request more."""

    def __init__(self, app: Any, key: str) -> None:
        self._app = app
        self._key = key

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        nonce = own_name(scope, "GET", PATH)
        if nonce is None or not NONCE.fullmatch(nonce):
            await self._app(scope, receive, send)
            return
        await answer(send, OK, proof(self._key, nonce).encode())
