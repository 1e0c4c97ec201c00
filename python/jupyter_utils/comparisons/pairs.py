"""Two mappings of names to values: what each has, and what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .comparison import Row, short
from .verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping


def compare_pairs(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Row]:
    """Make a row of each name.

    >>> [(row.name, row.verdict.value) for row in compare_pairs({"lr": "0.1", "x": "1"}, {"lr": "0.1"})]
    [('lr', 'same'), ('x', 'differs')]
    """
    return [_row(name, a, b) for name in dict.fromkeys([*a, *b])]


def _row(name: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> Row:
    verdict = Verdict.SAME if name in a and name in b and a[name] == b[name] else Verdict.DIFFERS
    note = "only in B" if name not in a else "only in A" if name not in b else ""
    shown = [short(one[name]) if name in one else "" for one in (a, b)]
    return Row(name, verdict, shown[0], shown[1], note=note)


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Return nested dicts and lists as one, by path.

    >>> flat({"processor": {"cores": 2}, "gpus": []})
    {'processor.cores': 2, 'gpus': 'none'}
    """
    found: dict[str, Any] = {}
    todo = [(path, value)] if value else []
    while todo:
        name, one = todo.pop()
        if isinstance(one, dict) and one:
            todo += reversed([(f"{name}.{key}" if name else str(key), inner) for key, inner in one.items()])
        elif isinstance(one, list) and any(isinstance(inner, dict | list) for inner in one):
            todo += reversed([(f"{name}[{at}]", inner) for at, inner in enumerate(one)])
        else:
            found[name] = _plain(one)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in ({}, None) else value
