"""Addresses of servers and databases: as they may be shown and kept, without the password that stands in them."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import url2pathname

from .addresses import LOOPBACK, is_loopback

# Rather too much than too little: a password may hold signs that should have been %-encoded.
_CREDENTIALS = re.compile(
    r"(?P<scheme>[a-zA-Z][\w+.-]*://)(?:[^/\s]+@|[^/\s:@]+:\S*@)"  # http://user@..., http://user:pass/word@...
    r"|(?<!\S)[^/\s:@]+:(?!//)[^\s@]*@"  # user:password@...
    r"|(?P<quoted>[a-zA-Z][\w+.-]*%3A%2F%2F)\S*?%40",  # an address within an address
    re.IGNORECASE,
)
# What a query holds (of databases, of signed addresses), and libpq's own form.
_NAMED = re.compile(
    r"((?:^|[?&;\s'\"])(?:[\w-]*(?:password|passwd|secret|token|signature|credential)|pwd|sig|AWSAccessKeyId)=)[^\s&;'\"]+",
    re.IGNORECASE,
)
# urllib's words for a password with an unquoted sign, which it takes for a port.
_PORT = re.compile(r"(Port could not be cast to integer value as ).*", re.DOTALL)
_SQLITE = "sqlite:///"
MASKED = "***"
"""What stands in place of credentials."""
_PORTS = {"http": 80, "https": 443}


def mask(text: str) -> str:
    """Hide the credentials of every address in a text, which otherwise stays as it is.

    >>> mask("http://user:password@proxy:3128 does not answer")
    'http://***@proxy:3128 does not answer'
    >>> mask("postgresql://db/mlflow?user=me&password=secret")
    'postgresql://db/mlflow?user=me&password=***'
    """
    shown = _CREDENTIALS.sub(_starred, text)
    return _PORT.sub(rf"\1{MASKED}", _NAMED.sub(rf"\1{MASKED}", shown))


def _starred(match: re.Match[str]) -> str:
    return f"{match['quoted']}{MASKED}%40" if match["quoted"] else f"{match['scheme'] or ''}{MASKED}@"


def said(error: BaseException | None) -> str:
    """Return an error's words as they may be shown and kept: libraries write the whole address into theirs.

    >>> said(OSError("413 for url: http://user:password@mlflow:5000/api"))
    '413 for url: http://***@mlflow:5000/api'
    """
    return mask(str(error))


def without_credentials(url: str) -> str:
    """Return an address as it may be kept.

    >>> without_credentials("http://user:password@mlflow:5000")
    'http://mlflow:5000'
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - a password with an unquoted sign would stand there
    except ValueError:
        return _CREDENTIALS.sub(lambda match: match["scheme"] or "", url)
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else url
    return _NAMED.sub(r"\1***", plain)


def place(url: str) -> str:
    """Return an address such that two of the same server are equal: without credentials, and this machine by one name.

    >>> place("http://user:secret@LocalHost:80/mlflow/"), place("https://mlflow:443")
    ('http://127.0.0.1:80/mlflow', 'https://mlflow:443')
    >>> place("sqlite:////srv/mlflow.db")
    'sqlite:////srv/mlflow.db'
    """
    plain = without_credentials(url).rstrip("/")
    try:
        parts = urlsplit(plain)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return plain
    if parts.scheme not in _PORTS:
        return plain
    host = LOOPBACK if is_loopback(parts.hostname) else str(parts.hostname)
    return urlunsplit(parts._replace(netloc=f"{host}:{port}"))


def is_at(url: str, server: str) -> bool:
    """Return whether an address is a server's, or one below it.

    >>> is_at("http://me@localhost:1/mlflow/api/2.0", "http://127.0.0.1:1/mlflow"), is_at("http://a:10", "http://a:1")
    (True, False)
    """
    return f"{place(url)}/".startswith(f"{place(server)}/")


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


def local_folder(address: str) -> str | None:
    """Return the path that an address names on this machine, as MLflow reads it; None for one of another kind."""
    parts = urlsplit(address)
    if parts.scheme == "file":
        return url2pathname(parts.path) if not parts.netloc or is_loopback(parts.netloc) else None
    return None if parts.scheme else url2pathname(address)
