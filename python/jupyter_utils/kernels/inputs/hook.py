"""Python's audit hook: which events mean that files are read, written, moved or handed to children."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from . import children
from .watch import absolute

if TYPE_CHECKING:
    from collections.abc import Callable

    from .watch import Watch

_NO_FOLDER = -1


def install(watch: Watch) -> None:
    """Tell `watch` from now on. A hook stays until the process ends: call this once."""
    opened, others, failed = watch.opened, _others(watch), watch.partial

    def hook(event: str, args: tuple[Any, ...]) -> None:
        try:
            if event == "open":
                path, mode, flags = args
                if mode is None and path.__class__ is str and path[:1] != "/":
                    path = _relative(watch, path)
                opened(path, flags)
            elif event in others and not watch.is_paused:
                others[event](*args)
        except Exception as error:  # noqa: BLE001 - whatever it is, the user's call must go on
            failed[f"a file was missed ({type(error).__name__}: {error})"] = None

    sys.addaudithook(hook)


def _others(watch: Watch) -> dict[str, Callable[..., None]]:
    def renamed(source: Any, target: Any, source_folder: int = _NO_FOLDER, target_folder: int = _NO_FOLDER) -> None:
        if source_folder == target_folder == _NO_FOLDER:
            watch.moves(source, target)

    def removed(path: Any, folder: int = _NO_FOLDER) -> None:
        if folder == _NO_FOLDER:
            watch.removes(path)

    def executed(code: Any) -> None:
        name = getattr(code, "co_filename", "")
        if name.endswith(".py"):
            watch.ran.add(absolute(name))

    return {
        "os.rename": renamed,
        "os.remove": removed,
        "shutil.rmtree": lambda path, *_: watch.removes_folder(path),
        "os.truncate": lambda path, *_: watch.writes(path),
        "os.chdir": lambda *_: watch.changes_folder(),
        "sqlite3.connect": lambda path, *_: _database(watch, path),
        "exec": executed,
        "subprocess.Popen": lambda program, args, folder, *_: children.started(watch, program, args, folder),
        "os.posix_spawn": lambda program, args, *_: children.started(watch, program, args, None),
        "os.spawn": lambda _, program, args, *__: children.started(watch, program, args, None),
        "os.system": lambda command: children.started(watch, "sh", ["sh", "-c", command], None),
        "pty.spawn": lambda args: children.started(watch, args[0], args, None),
        "os.fork": lambda: watch.starts("os.fork"),
    }


def _database(watch: Watch, path: Any) -> None:
    """Take note of a database, which may be read and written: one that holds something is an input."""
    name = os.fsdecode(path)
    if name.startswith("file:"):
        name = unquote(name.removeprefix("file:").partition("?")[0])
        name = f"/{name.lstrip('/')}" if name.startswith("//") else name
    if not name or name == ":memory:":
        return
    with suppress(OSError):
        if os.path.getsize(name):
            known = watch.reads(name)
            if known is not None:
                known.note("a database of SQLite: it may have been written to as well")
            return
    watch.writes(name)


def _relative(watch: Watch, path: str) -> str:
    """Return what a relative path means that `os.open` was given, perhaps with `dir_fd`, which no event tells.

    Where nothing of this name lies in the current folder, it is looked for in each folder that is open.
    """
    if os.path.lexists(path):
        return path
    found = {f"{folder}/{path}" for folder in _open_folders() if os.path.isfile(f"{folder}/{path}")}
    if len(found) > 1:
        watch.partial["a file that was opened by `dir_fd` could not be told from another"] = None
    return found.pop() if len(found) == 1 else path


def _open_folders() -> set[str]:
    folders = set()
    for number in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            place = os.readlink(f"/proc/self/fd/{number}")
            if os.path.isdir(place):
                folders.add(place)
    return folders
