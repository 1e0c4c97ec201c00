"""Which addresses below the door are MLflow's, and may be asked of its server."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

DOOR = "mlflow/"
"""Where the door is below JupyterLab's base address."""
STATIC = "static-files/"
_OPEN = ("ajax-api/", "api/", "gateway/")
_EXACT = frozenset({"graphql", "get-artifact", "model-versions/get-artifact", "health", "version"})
# The assistant runs programs for whoever comes from the server's own machine, as which everybody comes through here.
_CLOSED = re.compile(r"(?:ajax-)?api/[^/]+/mlflow/assistant(?:/|$)", re.IGNORECASE)
_ODD = re.compile(r"//|\\|%2[fF]|%5[cC]|%00|[^\x21-\x7e]")
_DOTS = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
# What tells JupyterLab who asks.
_OURS = frozenset({"token", "_xsrf"})


def is_mlflows(path: str) -> bool:
    """Return whether a path below the door, as it stands in the request, leads to something of MLflow's.

    >>> is_mlflows("ajax-api/2.0/mlflow/runs/get"), is_mlflows("graphql"), is_mlflows("signup")
    (True, True, False)
    >>> is_mlflows("ajax-api/../signup"), is_mlflows("ajax-api/%2e%2e/signup"), is_mlflows("api/a%2fb")
    (False, False, False)
    """
    if _ODD.search(path) or _DOTS.search(path) or _CLOSED.match(path):
        return False
    return path in _EXACT or (path.startswith(_OPEN) and path not in _OPEN)


def without_login(query: str) -> str:
    """Return a query as it stands in the request, without what is JupyterLab's.

    >>> without_login("path=a%20b&token=secret&page_token=1")
    'path=a%20b&page_token=1'
    """
    return "&".join(part for part in query.split("&") if unquote_plus(part.partition("=")[0]) not in _OURS)
