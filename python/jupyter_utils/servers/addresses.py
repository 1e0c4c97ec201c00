"""Names and addresses under which the servers answer."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit, urlunsplit

import psutil

from jupyter_utils.machine.addresses import (
    LOOPBACK,
    LOOPBACK_NAMES,
    PRIVATE_PATTERNS,
    bracketed,
    is_wildcard,
    listed,
)


def openable(url: str) -> str:
    """Return an address that a browser can open: a wildcard, which servers listen on, becomes this machine.

    >>> openable("http://0.0.0.0:15000/x")
    'http://127.0.0.1:15000/x'
    """
    parts = urlsplit(url)
    if not is_wildcard(parts.hostname):
        return url
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit(parts._replace(netloc=f"{LOOPBACK}{port}"))


def public_host(listen_address: str) -> str:
    """Return the host part that other machines would use, or this machine where only it can reach the server."""
    return socket.gethostname() if is_wildcard(listen_address) else bracketed(listen_address)


def own_names(listen_address: str, *, local: bool) -> list[str]:
    """Return the names and addresses of this machine, IPv6 in brackets.

    Args:
        listen_address: where the server listens.
        local: nothing but this machine can reach it.
    """
    names = [*map(bracketed, LOOPBACK_NAMES), "mlflow", socket.gethostname()]
    if not local:
        names += [bracketed(address) for address in own_addresses()]
    if not is_wildcard(listen_address):
        names.append(bracketed(listen_address))
    return list(dict.fromkeys(names))


def allowed_origins(listen_address: str, more: str | None, *, local: bool) -> str:
    """List the pages that may change something, in the form of MLflow's MLFLOW_SERVER_CORS_ALLOWED_ORIGINS.

    MLflow's own page sends its address along when it searches, and is refused where that is not localhost.
    """
    hosts = [*own_names(listen_address, local=local), *listed(more)]
    return ",".join(f"{scheme}://{name}{port}" for scheme in ("http", "https") for name in hosts for port in ("", ":*"))


def allowed_hosts(listen_address: str, more: str | None, *, local: bool) -> str:
    """List the values of the Host header that MLflow answers to, in the form of its MLFLOW_SERVER_ALLOWED_HOSTS.

    Every name is given with any port, since a published port may be another one. What must be kept out is a foreign
    name that resolves to this machine (DNS rebinding), and no port makes such a name ours.
    """
    names = own_names(listen_address, local=local)
    found = [pattern for name in names for pattern in (name, f"{name.replace('[', '[[]')}:*")]
    if not local:
        found += PRIVATE_PATTERNS
    return ",".join([*found, *(pattern for name in listed(more) for pattern in _with_any_port(name))])


def _with_any_port(name: str) -> list[str]:
    """Return the patterns for a name that the user gives: one without a port means every port.

    >>> _with_any_port("lab.example"), _with_any_port("lab.example:443"), _with_any_port("*")
    (['lab.example', 'lab.example:*'], ['lab.example:443'], ['*'])
    """
    name = bracketed(name)
    if name == "*" or (":" in name and not name.endswith("]")):
        return [name]
    return [name, f"{name.replace('[', '[[]') if name.startswith('[') else name}:*"]


def own_addresses() -> list[str]:
    """Return the IP addresses of this machine's interfaces."""
    families = (socket.AF_INET, socket.AF_INET6)
    interfaces = psutil.net_if_addrs().values()
    return [entry.address.split("%")[0] for entries in interfaces for entry in entries if entry.family in families]
