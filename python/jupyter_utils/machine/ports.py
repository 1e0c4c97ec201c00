"""Whether a port is free, and whose it is if not."""

from __future__ import annotations

import contextlib
import errno
import socket

import psutil

from jupyter_utils.errors import PortTakenError, SettingsError

_SHOWN = 160
"""Characters of a command line that are enough to recognise it."""


def check_port(address: str, port: int, setting: str) -> None:
    """Make sure that a server can listen on `address`:`port`.

    Args:
        address: a name or number that this machine has.
        port: 1 to 65535.
        setting: the environment variable that changes the port.

    Raises:
        PortTakenError: something listens there, or the system forbids it.
        SettingsError: the machine has no such address.
    """
    try:
        family, kind, _, _, where = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            # As the servers do: connections of a server that just ended do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
            probe.listen(1)
    except OSError as error:
        raise _explain(error, address, port, setting) from None


def _explain(error: OSError, address: str, port: int, setting: str) -> PortTakenError | SettingsError:
    remedy = f"Set {setting} to another port, e.g. {setting}={min(port + 1, 65535)}"
    if error.errno == errno.EADDRINUSE:
        return PortTakenError(f"Port {port} on {address} is taken by {holder(port)}. {remedy}, or end that program.")
    if error.errno == errno.EACCES:
        return PortTakenError(f"Port {port} on {address} is reserved for root. {remedy} (1024 or higher).")
    return SettingsError(
        f"LISTEN_ADDRESS={address!r} cannot be listened on ({error}). "
        "Use an address of this machine, 127.0.0.1 for this machine only, or 0.0.0.0 for all."
    )


def holder(port: int) -> str:
    """Tell who listens on `port`, as far as this user may know."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return _describe(connection.pid)
    return "a program of another user (or in a container)"


def _describe(pid: int) -> str:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        command = " ".join(_program(process.cmdline())) or process.name()
        ours = " (`jupyter-utils url` prints where it is)" if "jupyter_utils" in command else ""
        return f"process {pid} of {process.username()}: {command[:_SHOWN]}{ours}"
    return f"process {pid}"


def _program(command: list[str]) -> list[str]:
    """Leave out the dynamic loader that the environment's Python is started through, and its many paths."""
    names = [part.rpartition("/")[2] for part in command]
    python = next((at for at, name in enumerate(names) if name.startswith("python")), 0)
    return command[python:] if names[:1] and names[0].startswith("ld-") else command
