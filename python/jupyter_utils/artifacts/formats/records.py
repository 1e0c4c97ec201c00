"""Dicts and lists: JSON, JSON Lines, YAML, and tables of them as CSV."""

from __future__ import annotations

import csv
import importlib
import json
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.registry import SIDECAR, CannotWriteError, Details, Written

if TYPE_CHECKING:
    from pathlib import Path

_LIBRARIES = frozenset({"numpy", "torch", "pandas"})
# What most of a large list is: left out of every walk through it.
_SCALARS = frozenset({str, int, float, bool, type(None)})

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
            if not all(type(key) is str or isinstance(key, str) for key in one):
                wrong = next(key for key in one if not isinstance(key, str))
                return f"has the key {wrong!r}, a {type(wrong).__name__}, but JSON has str keys only: name it .pkl"
            todo += [inner for inner in one.values() if type(inner) not in _SCALARS]
        elif isinstance(one, list | tuple):
            todo += [inner for inner in one if type(inner) not in _SCALARS]
    return None


def _plain(value: Any) -> Any:
    """Turn numpy's and torch's numbers and arrays into Python's own."""
    if type(value).__module__.partition(".")[0] in _LIBRARIES and hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__module__}.{type(value).__qualname__} is not JSON")


def _text(value: Any, **form: Any) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=False, **form)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogatepass")


def _inexact(value: Any) -> tuple[str, ...]:
    """Warn where what comes back is another kind of list or number."""
    todo, found = [value], set()
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            todo += [inner for inner in one.values() if type(inner) not in _SCALARS]
        elif isinstance(one, list | tuple):
            if not isinstance(one, list):
                found.add("tuple")
            todo += [inner for inner in one if type(inner) not in _SCALARS]
        elif type(one).__module__.partition(".")[0] in _LIBRARIES and getattr(one, "ndim", None):
            found.add(type(one).__name__)
    if not found:
        return ()
    return (f"{' and '.join(sorted(found))} come back as lists: name it .pkl to have them as they are.",)


def write_json(value: Any, path: Path) -> Written:
    """Write JSON as UTF-8, Japanese as it is, indented for people."""
    path.write_bytes(_bytes(_text(value, indent=2)))
    return Written(warnings=_inexact(value))


def read_json(path: Path, _: Details) -> Any:
    return json.loads(path.read_text(encoding="utf-8", errors="surrogatepass"))


def check_lines(value: Any) -> str | None:
    if isinstance(value, dict):
        return "is a dict, but JSON Lines holds a value a line: give a list, or name it .json"
    return None


def write_lines(value: Any, path: Path) -> Written:
    """Write a value a line, as JSON Lines are (https://jsonlines.org): UTF-8, a line feed after each."""
    with path.open("wb") as file:
        file.writelines(_bytes(_text(one) + "\n") for one in value)
    return Written(warnings=_inexact(list(value)))


def read_lines(path: Path, _: Details) -> Any:
    # Not splitlines: a text may hold other separators of lines.
    lines = path.read_text(encoding="utf-8", errors="surrogatepass").split("\n")
    return [json.loads(line) for line in lines if line]


# ---- YAML ----


def write_yaml(value: Any, path: Path) -> Written:
    """Write YAML in the order that the value has; it is read back at once, since YAML cannot hold all that JSON can."""
    yaml = importlib.import_module("yaml")
    plain = json.loads(_text(value))
    path.write_bytes(_bytes(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False)))
    try:
        same = _text(read_yaml(path, {})) == _text(plain)
    except (yaml.YAMLError, TypeError, ValueError) as error:
        raise CannotWriteError(f"YAML cannot hold it ({error}): name it .json") from error
    if not same:
        raise CannotWriteError("YAML would give back other values: name it .json")
    return Written(warnings=_inexact(value))


def read_yaml(path: Path, _: Details) -> Any:
    yaml = importlib.import_module("yaml")
    # Read as bytes, so that YAML itself sees the encoding.
    return yaml.safe_load(path.read_bytes())


# ---- tables ----

_NO_TABLE = (
    "is no table: give a list of dicts (one a row), a dict of lists (one a column), a dict of dicts (one a row, by "
    "name), a list of lists, or a DataFrame; or name it .json"
)


def check_table(value: Any) -> str | None:
    return None if _rows(value) is not None else _NO_TABLE


def _rows(value: Any) -> tuple[list[str], list[list[Any]]] | None:
    """Return header (empty where there is none) and rows of what reads as a table; None where it does not."""
    if not value:
        return None
    if isinstance(value, dict):
        return _rows_by_name(value) if any(isinstance(one, dict) for one in value.values()) else _columns(value)
    if all(isinstance(one, dict) for one in value):
        header = list(dict.fromkeys(key for one in value for key in one))
        return _flat(header, [[one.get(key) for key in header] for one in value])
    if all(isinstance(one, list | tuple) for one in value) and len({len(one) for one in value}) == 1:
        return _flat([], [list(one) for one in value])
    return None


def _rows_by_name(value: dict[str, Any]) -> tuple[list[str], list[list[Any]]] | None:
    """Return a row for each key, as of `classification_report(output_dict=True)`: a number alone is a `value`."""
    inner = list(dict.fromkeys(key for one in value.values() if isinstance(one, dict) for key in one))
    alone = any(not isinstance(one, dict) for one in value.values())
    header = ["", *inner, *(["value"] if alone else [])]
    if alone and "value" in inner:
        return None
    return _flat(
        header,
        [
            [name, *(one.get(key) for key in inner), *([None] if alone else [])]
            if isinstance(one, dict)
            else [name, *([None] * len(inner)), one]
            for name, one in value.items()
        ],
    )


def _columns(value: dict[str, Any]) -> tuple[list[str], list[list[Any]]] | None:
    columns = [_plain_list(one) for one in value.values()]
    if any(not isinstance(one, list) for one in columns) or len({len(one) for one in columns}) != 1:
        return None
    return _flat(list(value), [list(row) for row in zip(*columns, strict=True)])


def _plain_list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else json.loads(_text(value))


def _flat(header: list[str], rows: list[list[Any]]) -> tuple[list[str], list[list[Any]]] | None:
    """Return header and rows, if no cell holds more than one value."""
    cells = [[_cell(one) for one in row] for row in rows]
    return None if any(isinstance(one, dict | list) for row in cells for one in row) else (header, cells)


def _cell(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else json.loads(_text(value))


def table_writer(delimiter: str) -> Any:
    """Make a writer of rows in UTF-8 with a byte order mark, as of DataFrames; the value itself lies beside."""

    def write(value: Any, path: Path) -> Written:
        table = _rows(value)
        if table is None:
            raise CannotWriteError(_NO_TABLE)
        header, rows = table
        with path.open("w", encoding="utf-8-sig", errors="surrogatepass", newline="") as file:
            writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
            writer.writerows([header, *rows] if header else rows)
        return Written({}, _bytes(_text(value)), _inexact(value))

    return write


def read_table(_: Path, details: Details) -> Any:
    return json.loads(details[SIDECAR].decode("utf-8", errors="surrogatepass"))
