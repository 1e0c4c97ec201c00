"""Save the calling notebook: its text lives in the browser, which is asked to save and answers only by doing so."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from . import kernel
from .content import holds_cell
from .twin import find_twins

if TYPE_CHECKING:
    from pathlib import Path

    from .find import CallingNotebook

# How long to wait for the browser. A slow one on a slow line needs seconds; a closed laptop never answers.
SAVE_SECONDS = float(os.environ.get("JUPYTER_UTILS_SAVE_SECONDS", "30"))
_POLL_SECONDS = 0.05
# How long the document in front may take before all are saved.
_FRONT_SECONDS = 2.5
_TWIN_SECONDS = 2.0


def save_notebook(notebook: CallingNotebook, seconds: float | None = None) -> str | None:
    """Have the browser save the notebook, and wait until its file holds the running cell.

    Returns None when the file is saved, else a warning for the user: then the file on disk is what is committed.
    The running cell's own output cannot be in the file, since it is not complete yet.
    """
    if not notebook.in_browser:
        return _without_browser(notebook)
    before = _stamp(notebook.path)
    limit = SAVE_SECONDS if seconds is None else seconds
    # The first command saves the document in front, which usually is the notebook that runs. If it is not, or if
    # JupyterLab asks for a name first, the second one saves every open document, as its autosave does.
    for command, wait in (("docmanager:save", min(_FRONT_SECONDS, limit)), ("docmanager:save-all", limit)):
        if not _tell_browser(command):
            return f"{notebook.path.name} could not be saved from here (ipylab is not installed): {_CONSEQUENCE}"
        if _wait_for_file(notebook.path, before, wait):
            return _wait_for_twins(notebook.path)
    return f"The browser did not save {notebook.path.name} within {limit:g} s (is its tab still open?): {_CONSEQUENCE}"


_CONSEQUENCE = "the file on disk, which may be older than what you see, is what is committed."


def _without_browser(notebook: CallingNotebook) -> str | None:
    source = kernel.cell_source()
    holds = source is not None and holds_cell(notebook.path, source)
    state = "it holds the running cell" if holds else "it does NOT hold the running cell as it is now"
    return f"No browser is connected to {notebook.path.name}, so the file on disk is what is committed; {state}."


def _tell_browser(command: str) -> bool:
    """Send a command. Messages leave the kernel at once even while it is busy; there is no acknowledgement."""
    try:
        import ipylab  # type: ignore[import-untyped]  # noqa: PLC0415
    except ImportError:
        return False
    ipylab.JupyterFrontEnd().commands.execute(command)
    return True


def _wait_for_file(path: Path, before: tuple[int, int, int], seconds: float) -> bool:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if _stamp(path) != before and _holds_running_cell(path):
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _holds_running_cell(path: Path) -> bool:
    source = kernel.cell_source()
    return source is None or holds_cell(path, source)


def _wait_for_twins(path: Path) -> str | None:
    """Wait until the twins are as new as the notebook: Jupytext's contents manager writes the .ipynb first."""
    limit = time.monotonic() + _TWIN_SECONDS
    while stale := [twin for twin in find_twins(path) if twin.stat().st_mtime_ns < path.stat().st_mtime_ns]:
        if time.monotonic() > limit:
            names = ", ".join(twin.name for twin in stale)
            return f"{path.name} is saved, but {names} was not rewritten with it: is Jupytext on in this server?"
        time.sleep(_POLL_SECONDS)
    return None


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        stat = path.stat()
    except FileNotFoundError:  # between an atomic write's two steps
        return (0, 0, 0)
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino)
