"""What goes through the door besides the body: little, and nothing that says who somebody is.

Artifacts are anybody's. Here they come under JupyterLab's address, so a browser must not execute them: as a document
each is alone in a sandbox (which has no scripts, no cookies and no address), and what could be more than data is a
download.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'self'"
"""Content-Security-Policy of all that MLflow answers."""
_ASKED = frozenset(
    {
        *("accept", "accept-encoding", "accept-language", "cache-control", "content-encoding", "content-length"),
        *("content-type", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since"),
        *("range", "user-agent"),
    }
)
_ANSWERED = frozenset(
    {
        *("accept-ranges", "cache-control", "content-disposition", "content-encoding", "content-length"),
        *("content-range", "content-type", "etag", "expires", "last-modified", "retry-after", "vary"),
    }
)
_MLFLOWS = "x-mlflow-"
_INERT = re.compile(
    r"application/(?:json|pdf|zip|x-ndjson|(?:x-)?gzip)|text/(?:plain|csv|event-stream)"
    r"|(?:image|audio|video)/(?!(?i:[\w.+-]*(?:xml|svg)))[\w.+-]+"
)
_CHARSET = re.compile(r";\s*charset=\"?([\w.:-]+)\"?\s*(?:;|$)", re.IGNORECASE)
_PICTURE = "image/svg+xml"  # shown inside of pages, where its scripts do not run
_BINARY = "application/octet-stream"


def asked(headers: Mapping[str, str]) -> dict[str, str]:
    """Return those headers of a browser's request that MLflow gets: no cookie, no token, no origin.

    >>> asked({"Cookie": "a=b", "Authorization": "token x", "Range": "bytes=0-1", "X-MLflow-Workspace": "team"})
    {'Range': 'bytes=0-1', 'X-MLflow-Workspace': 'team'}
    """
    return {name: value for name, value in headers.items() if _passes(name, _ASKED)}


def answered(headers: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the headers with which the browser gets an answer of MLflow's: no cookie, no leave for other pages.

    >>> dict(answered([("Set-Cookie", "session=1"), ("Content-Type", "text/html; charset=utf-8")]))["Content-Type"]
    'application/octet-stream'
    """
    found = {name.lower(): value for name, value in headers if _passes(name, _ANSWERED)}
    said = found.get("content-type", _BINARY)
    kind = said.partition(";")[0].strip().lower()
    # Browsers take the last of several kinds, whatever stands before it: one alone is handed on, and its encoding.
    charset = _CHARSET.search(said)
    found["content-type"] = f"{kind}; charset={charset[1]}" if charset else kind
    if not _INERT.fullmatch(kind):
        found["content-type"] = _PICTURE if kind == _PICTURE else _BINARY
        name = found.get("content-disposition", "").partition(";")[2]
        found["content-disposition"] = f"attachment;{name}" if name else "attachment"
    for name, value in found.items():
        yield name.title(), value
    yield "Content-Security-Policy", SANDBOX
    yield "X-Content-Type-Options", "nosniff"
    yield "Cross-Origin-Resource-Policy", "same-origin"
    yield "Referrer-Policy", "same-origin"


def _passes(name: str, known: frozenset[str]) -> bool:
    return name.lower() in known or name.lower().startswith(_MLFLOWS)
