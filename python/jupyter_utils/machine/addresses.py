"""Which names and addresses mean this machine, and how one is written in a URL."""

from __future__ import annotations

import contextlib
import ipaddress

LOOPBACK = "127.0.0.1"
LOOPBACK_NAMES = ("localhost", LOOPBACK, "::1")
"""As lists such as NO_PROXY name them; more addresses than these are loopback: ask `is_loopback`."""
EVERYWHERE = "0.0.0.0"  # noqa: S104 - the one place that names it
_IPV6 = 6


def is_loopback(host: str | None) -> bool:
    """Return whether a host leads to this machine alone, whatever the network.

    >>> is_loopback("localhost"), is_loopback("127.0.1.1"), is_loopback("::1"), is_loopback("mlflow")
    (True, True, True, False)
    """
    with contextlib.suppress(ValueError):
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    return False


def is_wildcard(host: str | None) -> bool:
    """Return whether a server that listens there listens on every address; nobody can connect to such a one."""
    return host in {EVERYWHERE, "::", ""}


def reachable_host(listen_address: str) -> str:
    """Return the host part of an address on which this machine reaches a server that listens on `listen_address`."""
    return LOOPBACK if is_wildcard(listen_address) else bracketed(listen_address)


def bracketed(host: str) -> str:
    """Return a host as it stands in a URL: an IPv6 address in brackets.

    >>> bracketed("::1"), bracketed("mlflow")
    ('[::1]', 'mlflow')
    """
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).version == _IPV6:
            return f"[{host}]"
    return host


def listed(names: str | None) -> list[str]:
    """Return the names in a list with commas, such as NO_PROXY; none where there is no list.

    >>> listed(" .example.com,localhost ,")
    ['.example.com', 'localhost']
    """
    return [name.strip() for name in (names or "").split(",") if name.strip()]
