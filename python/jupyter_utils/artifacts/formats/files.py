"""Files and directories, copied as they are."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_utils.artifacts.names import name_problem
from jupyter_utils.artifacts.registry import Details, Written
from jupyter_utils.entries.copying import copy_file, copy_tree


def check_path(value: Path) -> str | None:
    path = Path(value)
    if not path.exists():
        return f"is {str(path)!r}, which does not exist (looked for {path.absolute()})"
    if path.is_file():
        return None if os.access(path, os.R_OK) else f"is {str(path)!r}, which may not be read"
    if not path.is_dir():
        return f"is {str(path)!r}, which is neither a file nor a directory"
    return _directory_problem(path)


def _directory_problem(directory: Path) -> str | None:
    visited = set()
    for folder, folders, files in os.walk(directory, followlinks=True):
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
            if not (file.is_file() or file.is_dir()) or not os.access(file, os.R_OK):
                return f"is {str(directory)!r}, where {relative!r} cannot be read (a broken link, a socket?)"
    return None


def copy_path(value: Path, path: Path) -> Written:
    """Copy a file or a directory; links become what they point to.

    Empty directories are remembered by name: MLflow stores files only.
    """
    source = Path(value)
    if source.is_file():
        copy_file(source, path)
        return Written({"directory": False})
    copy_tree(source, path)
    empty = [
        Path(folder).relative_to(path).as_posix() for folder, folders, files in os.walk(path) if not (folders or files)
    ]
    return Written({"directory": True, "empty_directories": sorted(empty)})


def read_path(path: Path, details: Details) -> Path:
    if details.get("directory"):
        for name in details.get("empty_directories", ()):
            (path / name).mkdir(parents=True, exist_ok=True)
    return path
