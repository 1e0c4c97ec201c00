"""Proxies and certificates."""

from __future__ import annotations

import base64
import http.client
import os
import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from jupyter_utils.errors import SettingsError
from jupyter_utils.machine.urls import mask, said
from jupyter_utils.servers.network import certificate_environment, host_bundle, no_proxy

from .finding import Finding, error, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator
    from urllib.parse import SplitResult

    from jupyter_utils.settings import Settings

LIMIT = 5.0
"""Seconds that a proxy has to answer."""
# Any host will do: it is the proxy's answer that counts, and the first start may need this one.
_TARGET = ("download.pytorch.org", 443)


def proxies(settings: Settings) -> Iterator[Finding]:
    """Check that each proxy that is set answers and lets us in."""
    given = {"HTTP_PROXY": settings.http_proxy, "HTTPS_PROXY": settings.https_proxy}
    for address in dict.fromkeys(filter(None, given.values())):
        names = " and ".join(name for name, value in given.items() if value == address)
        yield _proxy(names, address)
    if any(given.values()):
        yield ok("NO_PROXY", f"{no_proxy(settings.no_proxy)} (local names are added here)")
    else:
        yield ok("proxies", "none are set")


def _proxy(names: str, address: str) -> Finding:
    parts = urlsplit(address if "://" in address else f"http://{address}")
    try:
        if not parts.hostname or parts.scheme not in ("http", "https"):
            raise ValueError("it must look like http://HOST:PORT")  # noqa: TRY301 - one place says what is wrong
        _connect(parts)
    except (OSError, ValueError, http.client.HTTPException) as failure:
        return _refusal(names, address, failure)
    return ok(names, f"{mask(address)} answers")


def _connect(parts: SplitResult) -> None:
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port or 80, timeout=LIMIT)
    headers = {}
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    connection.set_tunnel(*_TARGET, headers=headers)
    try:
        # Only as far as the proxy's answer: certificates of the target are another check's.
        http.client.HTTPConnection.connect(connection)
    finally:
        connection.close()


def _refusal(names: str, address: str, failure: Exception) -> Finding:
    reason = said(failure)
    if "407" in reason:
        remedy = (
            f"put user and password into it: {names.split(maxsplit=1)[0]}=http://USER:PASSWORD@HOST:PORT (%-encoded)"
        )
        return error(names, f"{mask(address)} wants to know who you are ({reason})", remedy)
    if "Tunnel connection failed" in reason:
        return warning(
            names, f"{mask(address)} answers, but does not lead to {_TARGET[0]} ({reason})", "ask who runs it"
        )
    remedy = f"correct or unset {names}; in a container, localhost is the container itself"
    return error(names, f"{mask(address)} cannot be used ({reason})", remedy)


def certificates(settings: Settings) -> Iterator[Finding]:
    """Check that the certificate authorities can be read, those of EXTRA_CA_CERTS included."""
    base = host_bundle()
    if base is None:
        remedy = "install the host's certificates (e.g. apt install ca-certificates)"
        yield warning("certificates", "this machine has no bundle; Python's own is used", remedy)
    elif problem := _unreadable(str(base)):
        yield error(
            "certificates", f"{base} cannot be used ({problem})", "unset SSL_CERT_FILE, or install ca-certificates"
        )
    else:
        yield ok("certificates", f"{base}")
    if settings.extra_ca_certs is not None:
        yield _extra(settings)


def _extra(settings: Settings) -> Finding:
    try:
        with tempfile.TemporaryDirectory() as folder:
            certificate_environment(settings, Path(folder))
    except SettingsError as failure:
        return error("EXTRA_CA_CERTS", str(failure), "name a PEM file of certificates")
    if problem := _unreadable(str(settings.extra_ca_certs)):
        message = f"{settings.extra_ca_certs} cannot be used ({problem})"
        return error("EXTRA_CA_CERTS", message, "name a PEM file; openssl x509 -inform der -in FILE turns DER into PEM")
    return ok("EXTRA_CA_CERTS", f"{settings.extra_ca_certs}")


def _unreadable(path: str) -> str:
    if not os.access(path, os.R_OK):
        return "not readable"
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as failure:
        return str(failure)
    return ""
