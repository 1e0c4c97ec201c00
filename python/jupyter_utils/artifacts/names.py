"""Names of artifacts: which ones stay in their folder and survive MLflow's HTTP API."""

from __future__ import annotations

import posixpath
import re
import unicodedata

# MLflow's client puts artifact names into URLs unquoted, so these end the path or start an escape: `a#1.csv` and
# `a#2.csv` both arrive as `a` (MLflow 3.17, found by sending every ASCII character).
_CORRUPTED = "#?%"
# The longest name of one file on the file systems of Linux, in bytes (NAME_MAX, limits.h).
_NAME_BYTES = 255
# The beginning of an address (RFC 3986, 3.1), which MLflow's listing of artifacts takes for one.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")


def name_problem(name: object) -> str | None:
    """Say what is wrong with the name of an artifact inside of its folder; None when nothing is.

    >>> name_problem("folder/訓練 データ.csv") is None
    True
    >>> name_problem("../x")
    "would leave its folder: use a relative name without '..'"
    >>> name_problem("a#1.csv")
    "holds '#', which MLflow's HTTP API corrupts: use another character"
    """
    if not isinstance(name, str):
        return f"is a {type(name).__name__}, but a file name must be a str"
    return _characters_problem(name) or _path_problem(name)


def _characters_problem(name: str) -> str | None:
    for character in name:
        if character in _CORRUPTED:
            return f"holds {character!r}, which MLflow's HTTP API corrupts: use another character"
        category = unicodedata.category(character)
        if category == "Cc":
            return f"holds the control character {character!r}, which MLflow's HTTP API corrupts: leave it out"
        if category == "Cs":
            return "holds half a character (a lone surrogate), which no file name can"
    return None


def _path_problem(name: str) -> str | None:
    if not name:
        return "is empty: give a file name"
    if name.startswith("/") or "\\" in name or ".." in name.split("/"):
        return "would leave its folder: use a relative name without '..'" + (" and '\\'" if "\\" in name else "")
    if posixpath.normpath(name) != name or name == ".":
        return f"is not in its plain form: use {posixpath.normpath(name).strip('./') or 'a file name'!r}"
    return next((problem for part in name.split("/") if (problem := _part_problem(part))), None)


def _part_problem(part: str) -> str | None:
    scheme = _SCHEME.match(part)
    if scheme and scheme[0] != scheme[0].lower():
        return "begins like an address (LETTERS:...), which MLflow lists in lower case: leave out the ':'"
    if part.endswith(";"):
        return "ends with ';', which MLflow's HTTP API drops: leave it out"
    if len(part.encode()) > _NAME_BYTES:
        return f"has a part longer than {_NAME_BYTES} bytes: shorten it"
    return None


def clashes(names: list[str]) -> list[tuple[str, str]]:
    """Return the pairs of names of which one would be a file and the other a folder around it.

    >>> clashes(["a", "a/b", "c"])
    [('a', 'a/b')]
    """
    known = set(names)
    parents = [(parent, name) for name in names for parent in _parents(name)]
    return [(parent, name) for parent, name in parents if parent in known]


def _parents(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
