"""The door's addresses, as Jupyter's server is told of them."""

from __future__ import annotations

import re
from typing import Any

from .pages import Page, Static, ToPage
from .paths import DOOR, STATIC
from .proxy import Proxy
from .upstream import Upstream


def handlers(base_url: str) -> list[tuple[str, Any, dict[str, Any]]]:
    """Return the handlers of all addresses of the door, below JupyterLab's base address."""
    door, given = re.escape(base_url + DOOR), {"upstream": Upstream()}
    return [
        (door.rstrip("/"), ToPage, given),
        (door, Page, given),
        (f"{door}{re.escape(STATIC)}(.*)", Static, given),
        (f"{door}.+", Proxy, given),
    ]
