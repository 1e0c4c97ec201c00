"""Save the calling notebook: its text lives in the browser, which is asked to save and answers only by doing so."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from jupyter_utils.variables import seconds as seconds_of

from . import kernel
from .content import holds_cell
from .find import VSCODE
from .sessions import find_sessions
from .twin import expected_twins

if TYPE_CHECKING:
    from pathlib import Path

    from .find import CallingNotebook

# How long to wait for a browser that is connected. A throttled one on a slow line needed half a minute.
SAVE_SECONDS = seconds_of("JUPYTER_UTILS_SAVE_SECONDS")
_POLL_SECONDS = 0.05
# How long the document in front may take before all are saved.
_FRONT_SECONDS = 2.5
# When to say what is being waited for, how often to ask whether the browser is still there, and how long it may be
# away (a page that is loaded again) before nobody is waited for any more.
_PATIENCE_SECONDS = 5.0
_ASK_SECONDS = 2.0
_GONE_SECONDS = 10.0
# How long the server may take from the notebook to its twins, which it writes in the same request.
_TWIN_SECONDS = 15.0
# How long the files must have been left alone. A slow browser obeys both commands when it comes to them: the second
# saving follows the first one closely, and nothing may be committed in the middle of it.
_QUIET_SECONDS = 0.15
_QUIET_AFTER_BOTH_SECONDS = 2.0


def save_notebook(notebook: CallingNotebook, seconds: float | None = None) -> str | None:
    """Have the browser save the notebook, and wait until its file holds the running cell.

    Returns None when the file is saved, else a warning for the user: then the file on disk is what is committed.
    The running cell's own output cannot be in the file, since it is not complete yet.
    """
    if not notebook.in_browser:
        return _without_browser(notebook)
    before = _stamp(notebook.path)
    browser = _Browser()
    limit = SAVE_SECONDS if seconds is None else seconds
    # The first command saves the document in front, which usually is the notebook that runs. If it is not, or if
    # JupyterLab asks for a name first, the second one saves every open document, as its autosave does.
    for command, wait, quiet in (
        ("docmanager:save", min(_FRONT_SECONDS, limit), _QUIET_SECONDS),
        ("docmanager:save-all", limit, _QUIET_AFTER_BOTH_SECONDS),
    ):
        if not _tell_browser(command):
            return f"{notebook.path.name} could not be saved from here (ipylab is not installed): {_CONSEQUENCE}"
        try:
            saved = _wait_for_file(notebook.path, before, wait, browser)
        except _BrowserGoneError:
            return f"The browser went away before it had saved {notebook.path.name}: {_CONSEQUENCE}"
        if saved:
            return _wait_for_twins(notebook.path, quiet)
    return f"The browser did not save {notebook.path.name} within {limit:g} s (is its tab still open?): {_CONSEQUENCE}"


_CONSEQUENCE = "the file on disk, which may be older than what you see, is what is committed."


def _without_browser(notebook: CallingNotebook) -> str | None:
    source = kernel.cell_source()
    holds = source is not None and holds_cell(notebook.path, source)
    state = "it holds the running cell" if holds else "it does NOT hold the running cell as it is now"
    if notebook.source == VSCODE:
        # VS Code keeps the text to itself, and listens to no kernel.
        name = notebook.path.name
        remedy = "save it before you run the cell (Ctrl+S), or switch VS Code's files.autoSave on"
        return f"VS Code does not save {name} when asked from a cell, so the file on disk is what is committed; " + (
            f"{state}." if holds else f"{state}: {remedy}."
        )
    return f"No browser is connected to {notebook.path.name}, so the file on disk is what is committed; {state}."


def _tell_browser(command: str) -> bool:
    """Send a command. Messages leave the kernel at once even while it is busy; there is no acknowledgement."""
    try:
        import ipylab  # type: ignore[import-untyped]  # noqa: PLC0415
    except ImportError:
        return False
    ipylab.JupyterFrontEnd().commands.execute(command)
    return True


def _wait_for_file(path: Path, before: tuple[int, int, int], seconds: float, browser: _Browser) -> bool:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if _stamp(path) != before and _holds_running_cell(path):
            return True
        browser.look(path, seconds)
        time.sleep(_POLL_SECONDS)
    return False


class _BrowserGoneError(Exception):
    """No browser has been connected for so long that none is waited for any more."""


class _Browser:
    """The browser that is to save: slow is worth waiting for, as long as the server tells that it is connected."""

    def __init__(self) -> None:
        self._start = self._asked = self._seen = time.monotonic()
        self._said = False

    def look(self, path: Path, seconds: float) -> None:
        """Tell the user what is being waited for; raises `_BrowserGoneError` once nothing is."""
        now = time.monotonic()
        if now - self._start > _PATIENCE_SECONDS and not self._said:
            self._said = True
            limit = f"at most {seconds:g} s, JUPYTER_UTILS_SAVE_SECONDS"
            sys.stdout.write(f"Waiting for the browser to save {path.name} ({limit}) ...\n")
            sys.stdout.flush()
        if now - self._asked < _ASK_SECONDS:
            return
        self._asked = now
        identity = kernel.kernel_id()
        sessions = find_sessions(identity) if identity else []
        connections = [one.connections for one in sessions if one.path.resolve() == path.resolve()]
        if any(connections) or not connections:  # a server that is silent tells nothing
            self._seen = time.monotonic()
        elif now - self._seen > _GONE_SECONDS:
            raise _BrowserGoneError


def _holds_running_cell(path: Path) -> bool:
    source = kernel.cell_source()
    return source is None or holds_cell(path, source)


def _wait_for_twins(path: Path, quiet: float) -> str | None:
    """Wait until the twins are as new as the notebook, and all have been left alone for `quiet` seconds.

    Jupytext's contents manager writes the .ipynb first, and Jupyter's server writes into the files themselves.
    """
    limit = time.monotonic() + _TWIN_SECONDS
    twins = expected_twins(path)
    state, since = None, time.monotonic()
    while True:
        now = time.monotonic()
        if (found := [_stamp(file) for file in (path, *twins)]) != state:
            state, since = found, now
        stale = [twin for twin in twins if not _is_written(twin, path)]
        if not stale and now - since >= quiet:
            return None
        if stale and now > limit:
            names = ", ".join(twin.name for twin in stale)
            return f"{path.name} is saved, but {names} was not written with it: is Jupytext on in this server?"
        time.sleep(_POLL_SECONDS)


def _is_written(twin: Path, notebook: Path) -> bool:
    """Tell whether the server has finished a twin: while it writes, it keeps the former content beside it."""
    written, size, _ = _stamp(twin)
    return size > 0 and written >= _stamp(notebook)[0] and not twin.with_name(f".~{twin.name}").exists()


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        stat = path.stat()
    except FileNotFoundError:  # between an atomic write's two steps
        return (0, 0, 0)
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino)
