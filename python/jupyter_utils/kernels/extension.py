"""The extension of every kernel of the lab (`ipykernel_launcher --ext`): it loads what this room has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import cells, memory, overlay

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Bring the overlay into a kernel, record what it runs, and offer it to the system's OOM killer."""
    overlay.load_ipython_extension(shell)
    memory.load_ipython_extension(shell)
    cells.load_ipython_extension(shell)
