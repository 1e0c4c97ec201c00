"""Addresses of servers as they may be shown and kept: without the password that stands in them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

# Rather too much than too little: a password may hold signs that should have been %-encoded.
_CREDENTIALS = re.compile(
    r"(?P<scheme>[a-zA-Z][\w+.-]*://)(?:[^/\s]+@|[^/\s:@]+:\S*@)"  # http://user@..., http://user:pass/word@...
    r"|(?<!\S)[^/\s:@]+:(?!//)[^\s@]*@"  # user:password@...
)


def mask(text: str) -> str:
    """`http://user:password@proxy:3128` -> `http://***@proxy:3128`; text without credentials stays as it is."""
    return _CREDENTIALS.sub(lambda match: f"{match['scheme'] or ''}***@", text)


def without_credentials(url: str) -> str:
    """`http://user:password@mlflow:5000` -> `http://mlflow:5000`."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
