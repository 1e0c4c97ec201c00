"""Text, bytes, JSON, files and pickles."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

from jupyter_utils.entries.copying import copy_file, copy_tree

from .names import name_problem
from .registry import CannotWriteError, Details, Written

# ---- text and bytes ----


def check_text(value: str) -> str | None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        return f"holds half a character (a lone surrogate) at position {error.start}, which UTF-8 cannot"
    return None


def write_text(value: str, path: Path) -> Written:
    """Write text as UTF-8, line ends as they are."""
    path.write_bytes(value.encode())
    return Written()


def read_text(path: Path, _: Details) -> str:
    return path.read_bytes().decode()


def write_bytes(value: bytes | bytearray, path: Path) -> Written:
    path.write_bytes(value)
    return Written({"type": type(value).__name__})


def read_bytes(path: Path, details: Details) -> bytes | bytearray:
    content = path.read_bytes()
    return bytearray(content) if details.get("type") == "bytearray" else content


# ---- JSON ----


def check_json(value: Any) -> str | None:
    try:
        json.dumps(value, default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        return f"cannot be written as JSON ({error}): convert what it holds, or name it .pkl"
    return _keys_problem(value)


def _keys_problem(value: Any) -> str | None:
    """Refuse keys that JSON would turn into strings: what comes back would be another dict."""
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            wrong = next((key for key in one if not isinstance(key, str)), None)
            if wrong is not None:
                return f"has the key {wrong!r}, a {type(wrong).__name__}, but JSON has str keys only: name it .pkl"
            todo += one.values()
        elif isinstance(one, list | tuple):
            todo += one
    return None


def _plain(value: Any) -> Any:
    """Turn numpy's and torch's numbers and arrays into Python's own."""
    if type(value).__module__.partition(".")[0] in {"numpy", "torch", "pandas"} and hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__module__}.{type(value).__qualname__} is not JSON")


def write_json(value: Any, path: Path) -> Written:
    """Write JSON as UTF-8, Japanese as it is, indented for people."""
    text = json.dumps(value, default=_plain, ensure_ascii=False, indent=2)
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    return Written()


def read_json(path: Path, _: Details) -> Any:
    return json.loads(path.read_text(encoding="utf-8", errors="surrogatepass"))


# ---- files and directories ----


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


# ---- pickles ----


def write_pickle(value: Any, path: Path) -> Written:
    try:
        with path.open("wb") as file:
            pickle.dump(value, file, protocol=5)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise CannotWriteError(f"cannot be pickled: {error}") from error
    return Written()


def read_pickle(path: Path, _: Details) -> Any:
    with path.open("rb") as file:
        return pickle.load(file)  # noqa: S301 - the caller has said trust=True


def write_joblib(value: Any, path: Path) -> Written:
    import joblib

    try:
        joblib.dump(value, path)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise CannotWriteError(f"cannot be pickled: {error}") from error
    return Written()


def read_joblib(path: Path, _: Details) -> Any:
    import joblib

    return joblib.load(path)
