"""Text, bytes and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.registry import Details, Written

if TYPE_CHECKING:
    from pathlib import Path

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
