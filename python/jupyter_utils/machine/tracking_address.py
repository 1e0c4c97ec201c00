"""The address of an MLflow server as people give it: without `http://`, or copied from the browser."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path
from urllib.parse import urlsplit

from .addresses import is_authority
from .urls import mask, sqlite_file, sqlite_uri

_WEB = ("http", "https")
# What MLflow knows besides (mlflow/tracking/_tracking_service/utils.py); a database may name its driver after a "+".
_OTHERS = ("file", "sqlite", "postgresql", "mysql", "mssql", "databricks", "databricks-uc", "uc")
_NAMES = ("databricks", "databricks-uc", "uc")
_PLUGINS = "mlflow.tracking_store"
_PATHS = ("/", "./", "../", "~")
_LOGIN = re.compile(r"[^/@\s]*@")
_PAGE = re.compile(r"[^?#]*")


def understood(text: str) -> str:
    """Return the address that is meant, in the form that MLflow takes.

    What names a file of this machine is made absolute: a run that waits may be sent from another folder.

    >>> understood("127.0.0.1:15000")
    'http://127.0.0.1:15000'
    >>> understood("http://lab:15000/mlflow/#/experiments/1/runs/abc?searchFilter=x")
    'http://lab:15000/mlflow'
    """
    text = text.strip()
    if _has_port(text):
        text = f"http://{text}"
    if _scheme(text) in _WEB:
        # What stands after these signs is of the page.
        page = _PAGE.match(text)
        return (page[0] if page else text).rstrip("/")
    file = sqlite_file(text)
    if file is not None and file.name and file.name != ":memory:":
        return sqlite_uri(file.absolute())
    if text.startswith(_PATHS):
        return str(Path(text).expanduser().absolute())
    return text.rstrip("/")


def address_problem(text: str) -> str | None:
    """Say what is wrong with an address, as the end of a sentence; None where MLflow's client can try it.

    >>> address_problem("127.0.0.1:15000")
    >>> address_problem("htp://lab:15000")
    'has the scheme htp:, which MLflow does not know: write it as http://HOST:PORT'
    """
    uri = understood(text)
    scheme = _scheme(uri)
    advice = "write it as http://HOST:PORT"
    if scheme is None:
        if uri in _NAMES or uri.startswith("/") or Path(uri).is_dir():
            return None
        return f"is no address of an MLflow server: {advice}"
    if scheme in _WEB:
        return _web_problem(uri, advice)
    if scheme.partition("+")[0] in _OTHERS or scheme in {one.name for one in entry_points(group=_PLUGINS)}:
        return None
    return f"has the scheme {scheme}:, which MLflow does not know: {advice}"


def named(argument: str, text: str) -> str | None:
    """Return a whole sentence about an address that cannot be used, without its password; None about others."""
    problem = address_problem(text)
    return f"{argument}={mask(text)!r} {problem}." if problem else None


def _web_problem(uri: str, advice: str) -> str | None:
    with suppress(ValueError):
        parts = urlsplit(uri)
        host = parts.netloc.rpartition("@")[2]
        if parts.hostname and parts.port != 0 and is_authority(host) and not re.search(r"\s", uri):
            return None
    return f"names no host and port that can be: {advice}"


def _scheme(text: str) -> str | None:
    """Return the scheme; None where there is none, as in a path or a host with a port."""
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", text)
    return found[1].lower() if found and not _has_port(text) else None


def _has_port(text: str) -> bool:
    """Tell `host:15000` and `host:15000/mlflow`, with or without a password before them, from what has a scheme."""
    login = _LOGIN.match(text)
    host = re.split(r"[/?#]", text[login.end() :] if login else text)[0]
    return is_authority(host) and re.search(r":[0-9]{1,5}$", host) is not None and not host.startswith(os.sep)
