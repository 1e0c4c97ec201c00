"""What of Jupyter's server is used here and not promised to stay: where it is gone, outputs are not kept."""

from __future__ import annotations

from typing import Any

_OF_CONNECTION = ("_open_sessions", "prepare", "connect", "disconnect", "close_all")
_OF_MESSAGES = ("handle_incoming_message", "handle_outgoing_message")
_OF_KERNELS = ("_kernel_buffers",)


def missing(connection: type, kernels: Any) -> list[str]:
    """Return the names that this Jupyter server lacks, of its websockets' class and of what manages its kernels."""
    looked_for = [
        *((connection, name) for name in (*_OF_CONNECTION, *_OF_MESSAGES)),
        *((kernels, name) for name in _OF_KERNELS),
    ]
    return [name for where, name in looked_for if not hasattr(where, name)]
