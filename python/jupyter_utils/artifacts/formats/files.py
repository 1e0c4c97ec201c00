"""Files and directories, copied as they are."""

from __future__ import annotations

import contextlib
import os
import stat
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.names import name_problem
from jupyter_utils.artifacts.registry import Details, Written
from jupyter_utils.entries.copying import copy_file, copy_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

_HERE = "."
_RIGHTS = 0o777


def check_path(value: Path) -> str | None:
    path = Path(value)
    try:
        path.stat()
    except PermissionError:
        return f"is {str(path)!r}, of which a folder above may not be entered (chmod u+x it)"
    except OSError:
        return f"is {str(path)!r}, which does not exist (looked for {path.absolute()}): correct the path"
    if path.is_file():
        return None if os.access(path, os.R_OK) else f"is {str(path)!r}, which may not be read (chmod u+r it)"
    if not path.is_dir():
        return f"is {str(path)!r}, which is neither a file nor a directory"
    return _directory_problem(path)


def _directory_problem(directory: Path) -> str | None:
    visited = set()
    for folder, folders, files in _walk(directory):
        if not os.access(folder, os.R_OK | os.X_OK):
            shown = f"is {str(directory)!r}" + (f", where {folder!r}" if Path(folder) != directory else ", which")
            return f"{shown} may not be listed or entered: it would be saved without what is in it (chmod u+rx it)"
        real = os.path.realpath(folder)
        if real in visited:
            return f"is {str(directory)!r}, where {folder!r} is a link back into it (a loop)"
        visited.add(real)
        for name in files + folders:
            file = Path(folder, name)
            relative = file.relative_to(directory).as_posix()
            problem = name_problem(relative)
            if problem:
                return f"is {str(directory)!r}, where {relative!r} {problem}"
            if file.is_dir():
                continue  # looked at when the walk comes to it
            if not file.is_file() or not os.access(file, os.R_OK):
                return f"is {str(directory)!r}, where {relative!r} cannot be read (a broken link, a socket, its mode?)"
    return None


def _walk(directory: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Walk as `os.walk` does, but come to folders that cannot be listed, too: it would leave them out in silence."""
    unlistable: list[str] = []
    yield from os.walk(directory, followlinks=True, onerror=lambda error: unlistable.append(str(error.filename)))
    yield from ((folder, [], []) for folder in unlistable)


def copy_path(value: Path, path: Path) -> Written:
    """Copy a file or a directory; links become what they point to.

    Empty directories and modes are remembered: MLflow stores the contents of files only.
    """
    source = Path(value)
    if source.is_file():
        copy_file(source, path)
        return Written({"directory": False, "modes": _modes({_HERE: source})})
    copy_tree(source, path)
    empty: list[str] = []
    files: dict[str, Path] = {}
    folders: dict[str, Path] = {}
    for folder, inner, names in os.walk(path):
        relative = Path(folder).relative_to(path)
        folders[relative.as_posix()] = source / relative
        files |= {(relative / name).as_posix(): source / relative / name for name in names}
        if not (inner or names):
            empty.append(relative.as_posix())
    modes = {"files": _modes(files), "directories": _modes(folders)}
    return Written({"directory": True, "empty_directories": sorted(empty), "modes": modes})


def _modes(paths: dict[str, Path]) -> Details:
    """Return the rights of files: those that most have, and by name those of the others, in octal as `chmod` has it."""
    modes: dict[str, str] = {}
    for name, path in paths.items():
        try:
            modes[name] = f"{stat.S_IMODE(path.stat().st_mode) & _RIGHTS:03o}"
        except OSError:  # removed meanwhile
            continue
    usual = Counter(modes.values()).most_common(1)
    if not usual:
        return {}
    others = {name: mode for name, mode in modes.items() if mode != usual[0][0]}
    return {"usual": usual[0][0], **({"others": others} if others else {})}


def read_path(path: Path, details: Details) -> Path:
    """Put back the empty directories and the modes of what was downloaded, and return it."""
    modes = details.get("modes")  # runs of earlier versions have none
    if not details.get("directory"):
        if modes:
            _set_mode(path, _HERE, modes)
        return path
    for name in details.get("empty_directories", ()):
        (path / name).mkdir(parents=True, exist_ok=True)
    if modes:
        # From the inside: a folder that may not be entered any more would hide the rest.
        for folder, _, names in os.walk(path, topdown=False):
            relative = Path(folder).relative_to(path)
            for name in names:
                _set_mode(Path(folder, name), (relative / name).as_posix(), modes["files"])
            _set_mode(Path(folder), relative.as_posix(), modes["directories"])
    return path


def _set_mode(path: Path, name: str, modes: dict[str, Any]) -> None:
    mode = modes.get("others", {}).get(name, modes.get("usual"))
    if mode is not None:
        with contextlib.suppress(OSError):  # a disk without modes
            path.chmod(int(mode, 8) & _RIGHTS)
