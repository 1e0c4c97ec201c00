"""Save the calling notebook: its text lives in the browser, which is asked to save and answers only by doing so."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_utils.machine.variables import seconds as seconds_of

from . import kernel
from .content import holds_cell
from .find import VSCODE, WORKER
from .sessions import OWN_TIMEOUT_SECONDS, TIMEOUT_SECONDS, connected_clients, find_sessions, write_outputs
from .twin import expected_twins

if TYPE_CHECKING:
    from pathlib import Path

    from .find import CallingNotebook

# How long to wait for a browser that is connected. A throttled one on a slow line needed half a minute.
_SAVE_SECONDS = "JUPYTER_UTILS_SAVE_SECONDS"
_POLL_SECONDS = 0.05
# What the lab's own page listens to (`servers/jupyter_app/share/labextensions`).
_SAVE_MESSAGE = "jupyter_utils_save"
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


@dataclass(frozen=True)
class Saved:
    """How the notebook's file came to be as it is.

    `fresh`: the front end has just saved it, and `warning` says which twin was not written with it; else `warning` says
    why the file on disk is what counts, and `remedy` what to do where it does not hold what ran.
    """

    fresh: bool
    warning: str | None = None
    remedy: str | None = None


def save_notebook(notebook: CallingNotebook, seconds: float | None = None) -> Saved:
    """Have the front end that runs the cell save the notebook, and wait until its file holds the running cell.

    No other one is asked: it may show an older copy, which would be saved over this one. The running cell's own output
    cannot be in the file, since it is not complete yet.
    """
    if not notebook.in_browser:
        return _without_browser(notebook)
    limit = seconds_of(_SAVE_SECONDS) if seconds is None else seconds
    before = _stamp(notebook.path)
    page = _Page(notebook.path, limit)
    if page.has_left and (written := _by_server(notebook.path, page.gone())):
        return written
    for command, wait, quiet in page.commands():
        if not page.tell(command):
            return Saved(False, f"{notebook.path.name} could not be saved from here (ipylab is not installed): {_SO}")
        try:
            saved = _wait_for_file(notebook.path, before, wait, page)
        except _PageGoneError as gone:
            return _by_server(notebook.path, str(gone)) or Saved(False, f"{gone}: {_SO}")
        if saved:
            stale = _wait_for_twins(notebook.path, quiet)
            return Saved(True, stale)
    return Saved(
        False, f"The browser did not save {notebook.path.name} within {limit:g} s (is its tab still open?): {_SO}"
    )


_SO = "the file on disk, which may be older than what you see, is what counts."


def _by_server(path: Path, gone: str) -> Saved | None:
    """Have the server write what the cells have shown; None where it cannot, or the file does not hold what runs.

    Not `fresh`: a cell that is not in the file may have been typed, and never saved, in the page that is `gone`.
    """
    identity = kernel.kernel_id()
    written = write_outputs(identity) if identity else None
    if written is None or not _holds_running_cell(path):
        return None
    done, why = written
    if not done:
        return Saved(False, f"{gone}. {why}") if why else None
    return Saved(False, _wait_for_twins(path, _QUIET_SECONDS), f"{gone}.")


def _without_browser(notebook: CallingNotebook) -> Saved:
    name = notebook.path.name
    if notebook.source == VSCODE:
        # VS Code keeps the text to itself, and listens to no kernel.
        why = f"VS Code does not save {name} when asked from a cell, so the file on disk is what counts."
        return Saved(False, why, "Save it before you run the cell (Ctrl+S), or switch VS Code's files.autoSave on.")
    if notebook.source == WORKER:
        why = f"Called from a worker process, which cannot have {name} saved, so the file on disk is what counts."
        return Saved(False, why)
    return Saved(False, f"No browser is connected to {name}, so the file on disk is what counts.")


def _wait_for_file(path: Path, before: tuple[int, int, int], seconds: float, page: _Page) -> bool:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if (now := _stamp(path)) != before and _holds_running_cell(path):
            if page.has_stayed():
                return True
            before = now  # the server has written what the cells have shown, for a page that is away
        page.look(seconds)
        time.sleep(_POLL_SECONDS)
    return False


class _PageGoneError(Exception):
    """The page that is to save has been away for so long that it is waited for no more; says so."""


class _Page:
    """The page that is to save: slow is worth waiting for, as long as the server tells that it is connected."""

    def __init__(self, path: Path, limit: float) -> None:
        self._path, self._limit = path, limit
        self._start = self._asked = self._seen = time.monotonic()
        self._said = False
        self._client = kernel.client()
        self._is_ours, self._was_there = self._first_look()

    def _first_look(self) -> tuple[bool, bool]:
        """Tell whether the page knows what our labs ask of it, and whether it is there."""
        try:
            clients = self._clients(max(TIMEOUT_SECONDS, min(OWN_TIMEOUT_SECONDS, self._limit)))
        except TimeoutError:
            # A server that is busy may be ours. Were it asked the other way, all of its pages would save.
            return self._client is not None, True
        # In a lab of ours every page knows; of a server that tells nothing, no page does.
        return clients is not None and self._client is not None, clients is None or self._client in clients

    @property
    def has_left(self) -> bool:
        """Whether the page that runs the cell was away already when this began: one that is loaded anew is another."""
        return self._is_ours and not self._was_there

    def commands(self) -> tuple[tuple[str, float, float], ...]:
        """Return what to tell the page, how long to wait for it, and how long the file must be quiet then."""
        if self._is_ours:
            return ((_SAVE_MESSAGE, self._limit, _QUIET_SECONDS),)
        # ipylab tells all pages. The first command saves the document in front, which usually is the notebook that
        # runs. If it is not, or if JupyterLab asks for a name first, the second one saves every open document.
        return (
            ("docmanager:save", min(_FRONT_SECONDS, self._limit), _QUIET_SECONDS),
            ("docmanager:save-all", self._limit, _QUIET_AFTER_BOTH_SECONDS),
        )

    def tell(self, command: str) -> bool:
        """Send a command. Messages leave the kernel at once even while it is busy; there is no acknowledgement."""
        if self._is_ours:
            kernel.publish(command)
            return True
        try:
            import ipylab
        except ImportError:
            return False
        ipylab.JupyterFrontEnd().commands.execute(command)
        return True

    def look(self, seconds: float) -> None:
        """Tell the user what is being waited for, and a page that was away for a moment what it has missed.

        Raises:
            _PageGoneError: nothing is waited for any more.
        """
        now = time.monotonic()
        if now - self._start > _PATIENCE_SECONDS and not self._said:
            self._said = True
            limit = f"at most {seconds:g} s, {_SAVE_SECONDS}"
            sys.stdout.write(f"Waiting for the browser to save {self._path.name} ({limit}) ...\n")
            sys.stdout.flush()
        if now - self._asked < _ASK_SECONDS:
            return
        self._asked = now
        if self._is_there():
            if self._is_ours and not self._was_there:
                self.tell(_SAVE_MESSAGE)
            self._seen, self._was_there = time.monotonic(), True
        elif now - self._seen > _GONE_SECONDS:
            raise _PageGoneError(self.gone())
        else:
            self._was_there = False

    def has_stayed(self) -> bool:
        """Tell whether the page has been there all the time: only then it is the one that has written the file."""
        return self._was_there and self._is_there()

    def _is_there(self) -> bool:
        identity = kernel.kernel_id()
        if self._is_ours:
            try:
                clients = self._clients()
            except TimeoutError:
                return True  # a server that is silent tells nothing
            return clients is None or self._client in clients
        sessions = find_sessions(identity) if identity else []
        connections = [one.connections for one in sessions if one.path.resolve() == self._path.resolve()]
        return any(connections) or not connections  # as above

    def _clients(self, seconds: float = TIMEOUT_SECONDS) -> frozenset[str] | None:
        identity = kernel.kernel_id()
        return connected_clients(identity, seconds) if identity else None

    def gone(self) -> str:
        """Say that the page went away, and whether another one is there."""
        others: frozenset[str] | None = None
        with suppress(TimeoutError):
            others = self._clients()
        if self._is_ours and others:
            return f"The tab that runs the cell was closed or loaded anew before it had saved {self._path.name}"
        return f"The browser went away before it had saved {self._path.name}"


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
