"""Python's audit hook: which events mean that files are read, written, moved or handed to children."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from . import children
from .paths import absolute

if TYPE_CHECKING:
    from collections.abc import Callable

    from .watch import Watch

_NO_FOLDER = -1


def install(watch: Watch) -> None:
    """Tell `watch` from now on. A hook stays until the process ends: call this once."""
    watch.others.update(_others(watch))
    sys.addaudithook(watch.hear)


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
