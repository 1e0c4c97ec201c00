"""The extension of every kernel of the lab (`ipykernel_launcher --ext`): it loads what this room has."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from jupyter_utils.adapters.lab_login import keep_login

from . import cells, inputs, memory, overlay

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Bring the overlay into a kernel, record what it runs, and offer it to the system's OOM killer.

    The lab's login to MLflow stays with its MLflow.
    """
    _see_current_folder()
    overlay.load_ipython_extension(shell)
    keep_login()
    memory.load_ipython_extension(shell)
    cells.load_ipython_extension(shell)
    inputs.load_ipython_extension(shell)


def _see_current_folder() -> None:
    """Let cells import what lies beside their notebook, where IPython would: after Python's own modules.

    A kernel of the lab starts without that (-P), so that no file of a folder from elsewhere runs before a cell does.
    """
    if "" not in sys.path:
        packages = ("site-packages", "dist-packages")
        at = next((number for number, place in enumerate(sys.path) if place.endswith(packages)), len(sys.path))
        sys.path.insert(at, "")
