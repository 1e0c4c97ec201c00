"""Which files this process reads: what a run's record of inputs is made from.

Seen are: what Python opens (an audit hook), what some loaders with native code are given (`loaders`), files among the
arguments of children (`children`), and what is mapped or open when a run is saved (`mapped`). What another library
reads in native code, and what a child reads besides, is not seen; where that may be, `Seen.partial` says so.
"""

from __future__ import annotations

import functools
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from jupyter_utils.errors import InputError
from jupyter_utils.machine.variables import given
from jupyter_utils.notebook import executing_file, kernel

from . import hook, loaders, mapped
from .since import since
from .watch import LISTED, Input, Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import ExecutionInfo, InteractiveShell

__all__ = ["Input", "Seen", "Watch", "is_off", "load_ipython_extension", "record", "record_input", "seen", "unwatched"]

SWITCH = "JUPYTER_UTILS_RECORD_INPUTS"
# With Python itself: a hook cannot be taken back, and this module may be loaded anew.
_KEPT = "_jupyter_utils_inputs"
Result = TypeVar("Result")
Given = ParamSpec("Given")


@dataclass
class _State:
    """The process's watch, whether it is told, and before what nothing is known: None in a kernel of the lab."""

    watch: Watch
    installed: bool = False
    unknown: str | None = None


@dataclass(frozen=True)
class Seen:
    """What was seen until now: the watch, files that are mapped or open, and why there may be more."""

    watch: Watch
    mapped: tuple[str, ...]
    partial: tuple[str, ...]


def is_off() -> bool:
    """Tell whether the user wants no inputs recorded."""
    return given(SWITCH).lower() == "off"


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Watch from the start of a kernel on; called in every kernel of the lab."""
    _watch_kernel(shell, None)


def record() -> None:
    """Watch from now on, in a kernel or a script; no server or command of this package's own is watched."""
    shell = kernel.shell()
    if shell is not None:
        _watch_kernel(shell, since(shell))
    elif executing_file() is not None:
        _install("`import jupyter_utils`")


def record_input(path: str | os.PathLike[str]) -> None:
    """Record a file, or all files below a folder, as an input of the runs that this process saves.

    For what is read where it cannot be seen: by a program that is started, or by a library in its own native code.

    Args:
        path: the file or folder; relative to the current folder.

    Raises:
        InputError: there is no such file or folder, or this user may not read it.

    Example::

        jupyter_utils.record_input("data/corpus.txt")
    """
    if not isinstance(path, str | os.PathLike) or not os.path.exists(path):
        shown = str(path) if isinstance(path, os.PathLike) else repr(path)
        raise InputError(
            f"path={shown} is no file or folder here (in {os.getcwd()}): "
            "give the path of one, as a text or a pathlib.Path. Nothing was recorded."
        )
    if not os.access(path, os.R_OK):
        raise InputError(f"path={os.fspath(path)} may not be read by this user: see ls -l. Nothing was recorded.")
    place, watch = os.path.abspath(path), _state().watch
    below = (os.path.join(folder, name) for folder, _, names in sorted(os.walk(place)) for name in sorted(names))
    for number, name in enumerate(below if os.path.isdir(place) else [place]):
        if number == LISTED:
            watch.partial[f"of {place} the first {LISTED} files are listed"] = None
            break
        watch.reads(name, by_hand=True)


def seen() -> Seen:
    """Return what was seen until now; nothing is read for it but the system's own lists."""
    state = _state()
    watch = state.watch
    reasons = list(watch.partial)
    if is_off():
        return Seen(watch, (), ("only what `record_input` named: JUPYTER_UTILS_RECORD_INPUTS is off",))
    if not state.installed:
        reasons.append("this process was not watched: only files that are open or mapped now are known")
    elif state.unknown:
        reasons.append(f"what was read before {state.unknown} is not known")
    if watch.children:
        reasons.append(f"children may have read more: {', '.join(watch.children)}")
    if libraries := loaders.unseen():
        reasons.append(f"read files where it is not seen: {', '.join(libraries)} (record_input adds one)")
    if more := watch.more:
        reasons.append(f"{more} more files were read than the {LISTED} that are listed")
    found: dict[str, None] = {}
    for look in (mapped.mapped_files, mapped.open_files):
        try:
            found |= dict.fromkeys(look())
        except OSError as error:
            reasons.append(f"the system does not tell which files are open ({error})")
    return Seen(watch, tuple(found), tuple(reasons))


def unwatched(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Have a function's own reading be no input of anybody."""

    @functools.wraps(function)
    def paused(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        with _state().watch.paused():
            return function(*args, **kwargs)

    return paused


def _state() -> _State:
    found: _State | None = getattr(sys, _KEPT, None)
    if found is None:
        found = _State(Watch())
        setattr(sys, _KEPT, found)
    return found


def _install(unknown: str | None) -> bool:
    state = _state()
    if state.installed or is_off():
        return False
    state.installed, state.unknown = True, unknown
    loaders.install(state.watch)
    hook.install(state.watch)
    return True


def _watch_kernel(shell: Any, unknown: str | None) -> None:
    if not _install(unknown):
        return
    watch = _state().watch
    watch.cell = shell.displayhook.prompt_count or None
    above: list[int | None] = []

    def before(info: ExecutionInfo) -> None:
        above.append(watch.cell)
        if info.store_history and not info.silent:
            watch.begins(shell.displayhook.prompt_count)

    def after(_: Any) -> None:
        # A cell that another cell ran has ended: the other goes on. What comes between two cells belongs to the last.
        outer = above.pop() if above else None
        if above:
            watch.begins(outer)

    shell.events.register("pre_run_cell", before)
    shell.events.register("post_run_cell", after)
