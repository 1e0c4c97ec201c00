"""Whether a server answers, without any proxy in between."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit


def answers(url: str, limit: float = 1.0) -> bool:
    """Return whether `url` answers 200 within `limit` seconds."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=limit)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
