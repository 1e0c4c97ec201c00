"""The order in which a kernel's cells ran, held against the notebook: would "restart and run all" do the same?"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.entries.entry import ARTIFACTS
from jupyter_utils.kernels.cells import Ran, ran_cells
from jupyter_utils.kernels.private import WITHHELD, is_private
from jupyter_utils.machine.masking import masked
from jupyter_utils.notebook import Content, normal, read_content, shell

from .recorded import Recorded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILE = f"{OWN_FOLDER}/cells.json"
TAG = "jupyter_utils.order"
_FORMAT = 1

Verdict = Literal["linear", "out of order", "hidden"]
Place = Literal["in the notebook", "changed since", "not in the notebook"]


@dataclass(frozen=True)
class Execution:
    """One execution: where its cell stands among the notebook's code cells (from 0), and whether as it ran."""

    ran: Ran
    place: Place
    position: int | None = None
    without_effect: bool = False

    def record(self) -> dict[str, Any]:
        """Return it as plain data, without what is private."""
        source = WITHHELD if is_private(self.ran.source) else masked(self.ran.source)
        return {
            "number": self.ran.number,
            "cell": self.ran.cell,
            "position": self.position,
            "place": self.place,
            "started": self.ran.started,
            "ended": self.ran.ended,
            "failed": self.ran.failed,
            "source": source,
        }


def record_order(notebook: Path | None, directory: Path) -> Recorded:
    """Hold what ran against the notebook's file, and keep the list of cells among the run's artifacts.

    Args:
        notebook: the calling notebook, saved; None in a script.
        directory: the run's entry, which gets the list (`jupyter_utils/cells.json`).

    Returns:
        the tag with the verdict, and the sentence that a person needs. `linear`: each code cell down to the running one
        ran once, from top to bottom, as it stands there; `out of order`: all that ran stands there, but ran in another
        order, more than once, or with cells left out; `hidden`: something ran that is not in the notebook, or not any
        more. No tag where no kernel runs.
    """
    ran = ran_cells()
    content = read_content(notebook) if notebook else None
    if not ran or content is None or not content.cells:
        return Recorded({})
    found = located(ran, content)
    verdict = judged(found, content)
    data = {"format": _FORMAT, "order": verdict, "cells": [one.record() for one in found]}
    text = json.dumps(data, ensure_ascii=False, indent=1)
    (directory / ARTIFACTS / FILE).write_text(text, encoding="utf-8", errors="surrogateescape")
    return Recorded({TAG: verdict}, _warnings(found, verdict))


def located(ran: Sequence[Ran], content: Content) -> list[Execution]:
    """Find each execution's cell: by the front end's id where the file has it, else by its source.

    Of several cells with one source that is taken which comes next after the one before.
    """
    by_id = {cell.id: at for at, cell in enumerate(content.cells) if cell.id}
    sources = [normal(cell.source) for cell in content.cells]
    found: list[Execution] = []
    before = -1
    for one in ran:
        source = normal(one.source)
        at = by_id.get(one.cell) if one.cell else None
        if at is None:
            equal = [at for at, other in enumerate(sources) if other == source]
            at = next((at for at in equal if at > before), equal[0] if equal else None)
        place: Place = "not in the notebook" if at is None else "in the notebook"
        if at is not None and sources[at] != source:
            place = "changed since"
        before = before if at is None else at
        found.append(Execution(one, place, at, without_effect=bool(one.failed) and not _compiles(one.source)))
    return found


def judged(found: Sequence[Execution], content: Content) -> Verdict:
    """Judge the executions; what Python could not even read had no effect, and does not count."""
    counted = [one for one in found if not one.without_effect]
    if any(one.place != "in the notebook" for one in counted):
        return "hidden"
    positions = [one.position for one in counted if one.position is not None]
    last = max(positions, default=-1)
    expected = [at for at in range(last + 1) if at in positions or _does_something(content.cells[at].source)]
    return "linear" if positions == expected else "out of order"


def _warnings(found: Sequence[Execution], verdict: Verdict) -> tuple[str, ...]:
    remedy = "restart the kernel and run all cells before you rely on this."
    if verdict == "hidden":
        hidden = [one.ran.number for one in found if one.place != "in the notebook" and not one.without_effect]
        cells, they = (
            ("1 cell ran that is", "it") if len(hidden) == 1 else (f"{len(hidden)} cells ran that are", "they")
        )
        return (f"{cells} not in the notebook (any more) as {they} ran ({_numbers(hidden)}): {remedy}",)
    if verdict == "out of order":
        return (f"The cells did not run once each from top to bottom: {remedy}",)
    return ()


def _numbers(numbers: Sequence[int], most: int = 10) -> str:
    more = f" and {len(numbers) - most} more" if len(numbers) > most else ""
    return ", ".join(f"[{number}]" for number in numbers[:most]) + more


def _does_something(source: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in source.splitlines())


def _compiles(source: str) -> bool:
    """Tell whether Python can read a cell, magics and all; a cell that it can't read has changed nothing."""
    running = shell()
    try:
        ast.parse(running.transform_cell(source) if running else source)
    except (SyntaxError, ValueError):
        return False
    return True
