"""Which names and addresses mean this machine, and how one is written in a URL."""

from __future__ import annotations

import contextlib
import ipaddress
import re

LOOPBACK = "127.0.0.1"
LOOPBACK_NAMES = ("localhost", LOOPBACK, "::1")
"""As lists such as NO_PROXY name them; more addresses than these are loopback: ask `is_loopback`."""
EVERYWHERE = "0.0.0.0"  # noqa: S104 - the one place that names it
_IPV6 = 6
# RFC 1918 and RFC 4193, as MLflow's own default list writes them: a container does not know its host's address.
PRIVATE_PATTERNS = ("10.*", "192.168.*", *(f"172.{second}.*" for second in range(16, 32)), "[[]fc*", "[[]fd*")
"""For MLflow's list of hosts; names of anybody's match them too, so ask `is_private_authority`."""
_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
_AUTHORITY = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[0-9A-Za-z._-]+))(?::[0-9]{1,5})?")


def is_loopback(host: str | None) -> bool:
    """Return whether a host leads to this machine alone, whatever the network.

    >>> is_loopback("localhost"), is_loopback("127.0.1.1"), is_loopback("::1"), is_loopback("mlflow")
    (True, True, True, False)
    """
    with contextlib.suppress(ValueError):
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    return False


def is_authority(text: str) -> bool:
    """Return whether a text is a name or an address, and perhaps a port, as a URL has them."""
    return _AUTHORITY.fullmatch(text) is not None


def is_private_authority(text: str) -> bool:
    """Return whether a text, such as a Host header, is an address of a private network, and perhaps a port.

    >>> [is_private_authority(text) for text in ("10.0.0.7:15000", "[fd00::1]", "10.evil.example", "012.0.0.1", "10.1")]
    [True, True, False, False, False]
    """
    found = _AUTHORITY.fullmatch(text)
    with contextlib.suppress(ValueError):
        if found and found["ipv6"]:
            return any(ipaddress.IPv6Address(found["ipv6"]) in network for network in _PRIVATE)
        return found is not None and any(ipaddress.IPv4Address(found["name"]) in network for network in _PRIVATE)
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
