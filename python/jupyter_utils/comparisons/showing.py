"""A run's notebook with what its cells have shown by the time of the save; later cells say nothing of the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .notebooks import Cell, read_notebook

if TYPE_CHECKING:
    from .code_files import Code

_CALL = "save_mlflow("


@dataclass(frozen=True)
class Shown:
    """A notebook's cells, and the places of those whose outputs are of the run and whole."""

    path: str
    cells: list[Cell]
    whole: frozenset[int]


def shown_by(code: Code) -> Shown | None:
    """Find the outputs of a run; None where it has no notebook (or several, of which none is known to be the one).

    The notebook that a run holds was saved while the calling cell ran: that cell's output is not complete, and what
    stands below is of an earlier time. Which cells ran before is known from `cells.json`; else those above the first
    that calls `save_mlflow` count.
    """
    executed = code.side.executed
    paths = code.notebooks()
    if executed is not None:
        cells = read_notebook(executed.read_text(encoding="utf-8"))
        places = frozenset(range(len(cells or ())))
        return Shown(paths[0] if paths else executed.name, cells, places) if cells is not None else None
    text = code.text(paths[0]) if len(paths) == 1 else None
    cells = read_notebook(text) if text else None
    if cells is None:
        return None
    record = code.side.record("cells.json")
    return Shown(paths[0], cells, frozenset(_above_call(cells) if record is None else _ran_before(cells, record)))


def _above_call(cells: list[Cell]) -> list[int]:
    call = next((cell.place for cell in cells if cell.kind == "code" and _CALL in cell.source), len(cells))
    return list(range(call))


def _ran_before(cells: list[Cell], record: dict[str, Any]) -> list[int]:
    """Return the places of the cells that ran before the last one, which is the calling one."""
    code = [cell.place for cell in cells if cell.kind == "code"]
    rows = [row for row in record.get("cells", []) if isinstance(row, dict)]
    calling = rows[-1].get("position") if rows else None
    positions = [row.get("position") for row in rows[:-1] if row.get("place") == "in the notebook"]
    known = {at for at in positions if isinstance(at, int) and 0 <= at < len(code)} - {calling}
    return sorted(code[at] for at in known)
