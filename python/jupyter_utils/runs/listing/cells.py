"""What of a table of runs is shown to people: the columns that tell one run from another, as short texts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import pandas as pd

from .rows import METRICS, PARAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_METRICS, _PARAMS = 8, 6
"""How many of them are shown; a Trainer has a hundred params."""
_TEXT = 40
_COMMIT = 10
# Columns that say nothing where they say the same of every run.
_IF_SEVERAL = ("experiment", "notebook")
_IF_ANY = ("commit", "verdict")


@dataclass(frozen=True)
class Shown:
    """The heads of the columns beside the run's name, a row of texts for each run, and the names of hidden columns."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    hidden: tuple[str, ...]


def shown_cells(frame: pd.DataFrame) -> Shown:
    """Choose columns and write their values: metrics that any run has, params in which runs differ, times as here."""
    metrics = [name for name in _names(frame, METRICS) if frame[name].notna().any()]
    params = [name for name in _names(frame, PARAMS) if _differs(frame[name]) or len(frame) == 1]
    chosen = [*metrics[:_METRICS], *params[:_PARAMS]]
    several = [name for name in _IF_SEVERAL if name in frame and _differs(frame[name])]
    some = [name for name in _IF_ANY if name in frame and frame[name].notna().any()]
    own = [name for name in frame.columns if isinstance(name, str)]
    order = [
        *(one for one in ("state", "start_time") if one in own),
        *several[:1],
        *chosen,
        *some,
        *several[1:],
        "run_id",
    ]
    texts = [[_written(name, value) for value in frame[name]] for name in order]
    return Shown(
        tuple(_head(name) for name in order),
        tuple(zip(*texts, strict=True)),
        tuple(name for name in own if name.startswith((METRICS, PARAMS)) and name not in chosen),
    )


def _differs(column: pd.Series[Any]) -> bool:
    return len(column.drop_duplicates()) > 1


def _names(frame: pd.DataFrame, part: str) -> Sequence[str]:
    return [name for name in frame.columns if isinstance(name, str) and name.startswith(part)]


def _head(name: str) -> str:
    return "started" if name == "start_time" else name.removeprefix(METRICS).removeprefix(PARAMS)


def _written(name: str, value: Any) -> str:
    if not pd.api.types.is_scalar(value):
        return _short(str(value))
    if pd.isna(value):
        return ""
    write: Callable[[Any], str] = _WRITTEN.get(name, _number if name.startswith(METRICS) else str)
    return _short(write(value)) if name != "run_id" else str(value)


def _time(value: Any) -> str:
    local = pd.Timestamp(value).to_pydatetime().astimezone()
    return f"{local:%Y-%m-%d %H:%M %Z}"


def _number(value: Any) -> str:
    """Return a number in six digits, or whole.

    >>> _number(0.123456789), _number(120000.0), _number(float("inf"))
    ('0.123457', '120000', 'inf')
    """
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 10**15 else f"{number:.6g}"


_WRITTEN: dict[str, Callable[[Any], str]] = {
    "start_time": _time,
    "commit": lambda value: str(value)[:_COMMIT],
    "notebook": lambda value: PurePath(str(value)).name,
}


def _short(text: str) -> str:
    return text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"
