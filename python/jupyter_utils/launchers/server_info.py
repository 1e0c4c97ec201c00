"""What the MLflow server offers to its clients.

Where artifacts lie in a bucket, MLflow's server tells every client to fetch files, and to bring large ones, past it by
signed addresses of the bucket. A client that does not reach the bucket then gets nothing, after minutes. So here
MLflow's variables for clients count for the server too: with MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD=false and
MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD=false in its environment it offers no such way, and everything goes through it.
"""

from __future__ import annotations

import json
from typing import Any

from jupyter_utils.variables import given

PATH = "/mlflow/server-info"
# By the names in mlflow/utils/server_info.py and mlflow/environment_variables.py.
WAYS = {
    "multipart_downloads_enabled": "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD",
    "multipart_uploads_enabled": "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD",
}


class ServerInfo:
    """MLflow's application (ASGI), without the ways past it that its environment turns off."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._off = [name for name, variable in WAYS.items() if given(variable).lower() in {"false", "0"}]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        if not self._off or scope["type"] != "http" or not scope["path"].rstrip("/").endswith(PATH):
            await self._app(scope, receive, send)
            return
        start: Any = None
        body = b""

        async def take(message: Any) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                body = self._without(body)
                headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
                await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
                await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, take)

    def _without(self, body: bytes) -> bytes:
        try:
            said = json.loads(body)
        except ValueError:  # an error's page
            return body
        return json.dumps(said | {name: False for name in self._off if name in said}).encode()
