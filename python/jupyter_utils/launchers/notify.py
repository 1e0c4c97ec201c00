"""Telling systemd how this service does: the protocol of sd_notify(3), which is one datagram."""

from __future__ import annotations

import contextlib
import socket

from jupyter_utils.variables import given

VARIABLE = "NOTIFY_SOCKET"


def is_service() -> bool:
    """Whether systemd started this process and waits to be told; what is printed then goes to the journal."""
    return bool(given(VARIABLE))


def notify(*states: str) -> None:
    """Send states such as `READY=1` or `STATUS=...` to systemd; do nothing where none is listening."""
    address = given(VARIABLE)
    if not address:
        return
    # A service manager that has gone is no reason to end the servers.
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        sender.sendall("\n".join(states).encode())
