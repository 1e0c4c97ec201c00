"""Names and addresses under which the servers are reached."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from urllib.parse import urlsplit, urlunsplit

import psutil

WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 - recognised here, not listened on
# RFC 1918 and RFC 4193, as MLflow's own default list writes them: a container does not know its host's address.
PRIVATE_PATTERNS = ("10.*", "192.168.*", *(f"172.{second}.*" for second in range(16, 32)), "[[]fc*", "[[]fd*")


def reachable_host(listen_address: str) -> str:
    """Return the host part of an address on which this machine reaches a server that listens on `listen_address`."""
    if listen_address in WILDCARDS:
        return "127.0.0.1"
    return bracketed(listen_address)


def openable(url: str) -> str:
    """Give an address that a browser can open: a wildcard, which servers listen on, becomes this machine.

    >>> openable("http://0.0.0.0:15000/x")
    'http://127.0.0.1:15000/x'
    """
    parts = urlsplit(url)
    if parts.hostname not in WILDCARDS[:2]:
        return url
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit(parts._replace(netloc=f"127.0.0.1{port}"))


def bracketed(host: str) -> str:
    """IPv6 addresses stand in brackets in URLs."""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).version == 6:  # noqa: PLR2004 - the number of the protocol
            return f"[{host}]"
    return host


def public_host(listen_address: str) -> str:
    """Return the host part that other machines would use, or this machine where only it can reach the server."""
    return socket.gethostname() if listen_address in WILDCARDS else bracketed(listen_address)


def own_names(listen_address: str, *, local: bool) -> list[str]:
    """Return the names and addresses of this machine, IPv6 in brackets.

    Args:
        listen_address: where the server listens.
        local: nothing but this machine can reach it.

    """
    names = ["localhost", "127.0.0.1", "[::1]", "mlflow", socket.gethostname()]
    if not local:
        names += [bracketed(address) for address in own_addresses()]
    if listen_address not in WILDCARDS:
        names.append(bracketed(listen_address))
    return list(dict.fromkeys(names))


def allowed_origins(listen_address: str, more: str | None, *, local: bool) -> str:
    """List the pages that may change something, in the form of MLflow's MLFLOW_SERVER_CORS_ALLOWED_ORIGINS.

    MLflow's own page sends its address along when it searches, and is refused where that is not localhost.
    """
    hosts = [*own_names(listen_address, local=local), *_listed(more)]
    return ",".join(f"{scheme}://{name}{port}" for scheme in ("http", "https") for name in hosts for port in ("", ":*"))


def _listed(more: str | None) -> list[str]:
    return [name.strip() for name in (more or "").split(",") if name.strip()]


def allowed_hosts(listen_address: str, more: str | None, *, local: bool) -> str:
    """Values of the Host header that MLflow answers to, in the form of its MLFLOW_SERVER_ALLOWED_HOSTS.

    Every name is given with any port, since a published port may be another one. What must be kept out is a foreign
    name that resolves to this machine (DNS rebinding), and no port makes such a name ours.
    """
    names = own_names(listen_address, local=local)
    found = [pattern for name in names for pattern in (name, f"{name.replace('[', '[[]')}:*")]
    if not local:
        found += PRIVATE_PATTERNS
    return ",".join([*found, *_listed(more)])


def own_addresses() -> list[str]:
    """IP addresses of this machine's interfaces."""
    families = (socket.AF_INET, socket.AF_INET6)
    interfaces = psutil.net_if_addrs().values()
    return [entry.address.split("%")[0] for entries in interfaces for entry in entries if entry.family in families]
