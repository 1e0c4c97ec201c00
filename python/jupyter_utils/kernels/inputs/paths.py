"""Which files are meant: by a path as it is given to `open`, and by what a loader takes."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 10_000
"""Files that are looked for below a folder or behind a pattern."""


def absolute(path: Any) -> str:
    """Return an absolute path without `.` and `..`; undecodable bytes as Python's surrogates."""
    name = os.fsdecode(path)
    if name.startswith("/") and "/." not in name and "//" not in name:
        return name
    if ".." in name.split("/"):  # which is not the name's parent where that is a link
        folder, last = os.path.split(name)
        return os.path.join(os.path.realpath(folder), last) if last != ".." else os.path.realpath(name)
    return os.path.abspath(name)


def by_descriptor(path: Any, partial: dict[str, None]) -> Any:
    """Return what a relative path means that `os.open` was given, perhaps with `dir_fd`, which no event tells.

    Where nothing of this name lies in the current folder, it is looked for in each folder that is open; `partial` gets
    the reason where it cannot be told.
    """
    if not isinstance(path, str) or path.startswith("/") or os.path.lexists(path):
        return path
    found = {f"{folder}/{path}" for folder in _open_folders() if os.path.isfile(f"{folder}/{path}")}
    if len(found) > 1:
        partial["a file that was opened by `dir_fd` could not be told from another"] = None
    return found.pop() if len(found) == 1 else path


def _open_folders() -> set[str]:
    folders = set()
    for number in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            place = os.readlink(f"/proc/self/fd/{number}")
            if os.path.isdir(place):
                folders.add(place)
    return folders


def files_meant(value: Any) -> Iterator[str]:
    """Yield the files that a loader's argument names; nothing for a table, an open file, an address."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple | set | frozenset):
        if len(value) <= MOST and all(isinstance(one, str | bytes | os.PathLike | list | tuple) for one in value):
            for one in value:
                yield from files_meant(one)
        return
    if not isinstance(value, str | bytes | os.PathLike):
        return
    name = os.fsdecode(value).removeprefix("file://")
    if not name or "\0" in name or len(name) > os.pathconf("/", "PC_PATH_MAX"):
        return
    name = os.path.expanduser(name)
    if os.path.isdir(name):
        yield from _below(name)
    elif os.path.exists(name):
        yield name
    elif any(sign in name for sign in "*?["):
        yield from _matching(name)


def _below(folder: str) -> Iterator[str]:
    number = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                number += 1
                yield os.path.join(place, name)
        if number > 2 * MOST:
            return


def _matching(pattern: str) -> Iterator[str]:
    import glob
    from itertools import islice

    for name in sorted(islice(glob.iglob(pattern, recursive=True), MOST)):
        if os.path.isfile(name):
            yield name
