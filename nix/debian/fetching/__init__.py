"""The parts of the fetch step."""

from __future__ import annotations

import os
import re


class FetchError(Exception):
    """What the user must know and do; shown without a traceback."""


def masked(text: str) -> str:
    """Return `text` without the credentials of any address in it."""
    return re.sub(r"(\w+://)[^/\s]*@", r"\1***@", text)


def network_advice() -> str:
    """Return what to look at when a mirror cannot be reached."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "NO_PROXY")
    listed = ", ".join(f"{name}={masked(os.environ[name])}" for name in names if os.environ.get(name)) or "none set"
    return (
        f"proxy settings in force: {listed}. Behind a company proxy set HTTP_PROXY and HTTPS_PROXY, "
        "for its own certificates EXTRA_CA_CERTS"
    )
