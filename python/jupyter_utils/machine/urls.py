"""Addresses of servers and databases: as they may be shown and kept, without the password that stands in them."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

# Rather too much than too little: a password may hold signs that should have been %-encoded.
_CREDENTIALS = re.compile(
    r"(?P<scheme>[a-zA-Z][\w+.-]*://)(?:[^/\s]+@|[^/\s:@]+:\S*@)"  # http://user@..., http://user:pass/word@...
    r"|(?<!\S)[^/\s:@]+:(?!//)[^\s@]*@"  # user:password@...
)
_SQLITE = "sqlite:///"


def mask(text: str) -> str:
    """Hide the credentials of every address in a text, which otherwise stays as it is.

    >>> mask("http://user:password@proxy:3128 does not answer")
    'http://***@proxy:3128 does not answer'
    """
    return _CREDENTIALS.sub(lambda match: f"{match['scheme'] or ''}***@", text)


def without_credentials(url: str) -> str:
    """Return an address as it may be kept.

    >>> without_credentials("http://user:password@mlflow:5000")
    'http://mlflow:5000'
    """
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def sqlite_uri(file: Path) -> str:
    """Return the address by which SQLAlchemy, and so MLflow, knows an SQLite database.

    >>> sqlite_uri(Path("/srv/mlflow.db"))
    'sqlite:////srv/mlflow.db'
    """
    return f"{_SQLITE}{file}"


def sqlite_file(uri: str) -> Path | None:
    """Return the file that an address names; None where it names a database of another kind.

    >>> sqlite_file("sqlite:////srv/mlflow.db")
    PosixPath('/srv/mlflow.db')
    >>> sqlite_file("postgresql://db/mlflow")
    """
    return Path(uri.removeprefix(_SQLITE)) if uri.startswith(_SQLITE) else None
