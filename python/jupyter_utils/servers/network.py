"""Proxies and certificates: what the servers, the notebooks and the tools they start are told about the network."""

from __future__ import annotations

import os
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.errors import SettingsError
from jupyter_utils.machine.addresses import LOOPBACK_NAMES, is_wildcard, listed
from jupyter_utils.machine.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_utils.settings import Settings

# Names that must never go to a proxy, whatever the user lists: the servers here, and their containers' names.
LOCAL_NAMES = (*LOOPBACK_NAMES, "mlflow", "jupyterlab", "postgres", "s3")
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


def no_proxy(given: str | None, more: Iterable[str] = ()) -> str:
    """Join the user's NO_PROXY and every name of this machine, each once."""
    return ",".join(dict.fromkeys([*listed(given), *LOCAL_NAMES, socket.gethostname(), *more]))


def proxy_environment(settings: Settings) -> dict[str, str]:
    """Return the proxy variables in both letter cases: curl reads only `http_proxy`, others only `HTTP_PROXY`."""
    listen = () if is_wildcard(settings.listen_address) else (settings.listen_address,)
    found = {
        "HTTP_PROXY": settings.http_proxy,
        "HTTPS_PROXY": settings.https_proxy,
        "NO_PROXY": no_proxy(settings.no_proxy, listen),
    }
    return {case: value for name, value in found.items() if value for case in (name, name.lower())}


def host_bundle() -> Path | None:
    """Find the file of certificate authorities that this machine trusts, if it has one."""
    candidates = [os.environ.get("SSL_CERT_FILE"), *_BUNDLES, ssl.get_default_verify_paths().cafile]
    return next((Path(path) for path in candidates if path and Path(path).is_file()), None)


def certificate_environment(settings: Settings, state_dir: Path) -> dict[str, str]:
    """Return the variables that make every tool trust the host's authorities, and EXTRA_CA_CERTS too.

    Python's own bundle (certifi) knows neither a company's authority that the host trusts nor one that the user names.

    Raises:
        SettingsError: EXTRA_CA_CERTS is not a readable PEM file.
    """
    base = host_bundle()
    if settings.extra_ca_certs is None:
        return {name: str(base) for name in CA_VARIABLES if name not in os.environ} if base else {}
    bundle = state_dir / "ca-bundle.pem"
    text = (_base_text(base).rstrip("\n") + "\n" + _read_extra(settings.extra_ca_certs)).lstrip("\n")
    bundle.parent.mkdir(parents=True, exist_ok=True)
    write_whole(bundle, text)  # another lab of the same user may be reading it
    return dict.fromkeys(CA_VARIABLES, str(bundle))


def _base_text(base: Path | None) -> str:
    if base is None:
        import certifi  # only where the host has no bundle

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
