"""Proxies and certificates: what the servers, the notebooks and the tools they start are told about the network."""

from __future__ import annotations

import os
import re
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from jupyter_utils.variables import given, raw

from .errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .settings import Settings

# Names that must never go to a proxy, whatever the user lists: the servers here, and their containers' names.
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1", "mlflow", "jupyterlab", "postgres", "s3")
# Python's ssl, requests, curl, Git, pip and Node each look at a variable of their own.
CA_VARIABLES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
    "NODE_EXTRA_CA_CERTS",
)
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, NixOS
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine
)
_PEM = "-----BEGIN CERTIFICATE-----"
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


def no_proxy(listed: str | None, more: Iterable[str] = ()) -> str:
    """Join the user's NO_PROXY and every name of this machine, each once."""
    names = [name.strip() for name in (listed or "").split(",")]
    return ",".join(dict.fromkeys(filter(None, [*names, *LOCAL_NAMES, socket.gethostname(), *more])))


def proxy_environment(settings: Settings) -> dict[str, str]:
    """Proxy variables in both letter cases: curl reads only `http_proxy`, others only `HTTP_PROXY`."""
    listen = () if settings.listen_address in ("0.0.0.0", "::") else (settings.listen_address,)  # noqa: S104
    found = {
        "HTTP_PROXY": settings.http_proxy,
        "HTTPS_PROXY": settings.https_proxy,
        "NO_PROXY": no_proxy(settings.no_proxy, listen),
    }
    return {case: value for name, value in found.items() if value for case in (name, name.lower())}


def host_bundle() -> Path | None:
    """Find the file of certificate authorities that this machine trusts, if it has one."""
    candidates = [given("SSL_CERT_FILE"), *_BUNDLES, ssl.get_default_verify_paths().cafile]
    return next((Path(path) for path in candidates if path and Path(path).is_file()), None)


def certificate_environment(settings: Settings, state_dir: Path) -> dict[str, str]:
    """Variables that make every tool trust the host's authorities, and EXTRA_CA_CERTS too.

    Python's own bundle (certifi) knows neither a company's authority that the host trusts nor one that the user names.

    Raises:
        SettingsError: EXTRA_CA_CERTS is not a readable PEM file.

    """
    base = host_bundle()
    if settings.extra_ca_certs is None:
        return {name: str(base) for name in CA_VARIABLES if raw(name) is None} if base else {}
    bundle = state_dir / "ca-bundle.pem"
    text = (_base_text(base).rstrip("\n") + "\n" + _read_extra(settings.extra_ca_certs)).lstrip("\n")
    bundle.parent.mkdir(parents=True, exist_ok=True)
    # Written aside and moved: another lab of the same user may be reading it.
    aside = bundle.with_suffix(f".{os.getpid()}")
    aside.write_text(text, encoding="utf-8")
    aside.replace(bundle)
    return dict.fromkeys(CA_VARIABLES, str(bundle))


def _base_text(base: Path | None) -> str:
    if base is None:
        import certifi  # noqa: PLC0415 - only where the host has no bundle

        base = Path(certifi.where())
    return base.read_text(encoding="utf-8", errors="replace")


def _read_extra(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"EXTRA_CA_CERTS={path} cannot be read ({error}): name a PEM file of certificates, or unset it."
        ) from None
    if _PEM not in text:
        raise SettingsError(f"EXTRA_CA_CERTS={path} holds no '{_PEM}': name a PEM file of certificates, or unset it.")
    return text
