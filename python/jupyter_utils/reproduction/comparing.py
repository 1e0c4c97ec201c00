"""Holding what an execution gave against the original, as `compare` does, but for what neither can be blamed for."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from jupyter_utils.comparisons.compare import compare
from jupyter_utils.comparisons.comparison import RESULTS, section
from jupyter_utils.comparisons.verdict import Verdict

from .notebook_job import failures, saving_cell

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_utils.comparisons.comparison import Section
    from jupyter_utils.comparisons.result import Comparison
    from jupyter_utils.comparisons.tolerance import Tolerances

    from .executing import Failure
    from .original import Original
    from .recorded_code import CodeFile

_CELL = re.compile(r", cell (?P<number>\d+)$")


def compared(original: Original, entries: list[Path], allowed: Tolerances) -> Comparison:
    """Compare the original with one execution, or with several.

    What the recorded notebook shows of the cell that saved the run, and of later ones, is of an earlier day, and a
    notebook without any outputs (nbclient leaves the file alone) has none to compare.
    """
    found = compare(original.side, entries if len(entries) > 1 else entries[0], allowed)
    notebook = _notebook(original)
    outputs = found["outputs"]
    if not any(cell.get("outputs") for cell in notebook):
        kept = section("outputs", [], ["the recorded notebook shows no outputs"])
    else:
        kept = _before(outputs, _last_place(original, notebook))
    by = tuple(name for name in RESULTS if name != "outputs" or kept.verdict is not Verdict.UNKNOWN)
    sections = tuple(kept if one is outputs else one for one in found.sections)
    return replace(found, sections=sections, by=by)


def _before(outputs: Section, last: int | None) -> Section:
    """Leave the saving cell and those after it out."""
    if last is None:
        return outputs
    rows = [row for row in outputs.rows if not _is_late(row.name, last)]
    if len(rows) == len(outputs.rows):
        return outputs
    same = outputs.counts.get(Verdict.SAME.value, 0)
    found = section("outputs", rows, outputs.notes, show_same=False)
    verdict = found.verdict if rows else (Verdict.SAME if same else Verdict.UNKNOWN)
    return replace(found, verdict=verdict, counts=found.counts | {Verdict.SAME.value: same})


def _is_late(name: str, last: int) -> bool:
    number = _CELL.search(name)
    return number is not None and int(number["number"]) > last


def _notebook(original: Original) -> list[dict[str, object]]:
    """Return the cells of the recorded notebook."""
    path = next((row for row in original.record("code.json").get("files", []) if row.get("role") == "notebook"), None)
    try:
        text = original.own(f"code/{path.get('kept_as') or path['path']}") if path else None
        cells = json.loads(text or b"{}").get("cells", [])
    except (ValueError, AttributeError):
        return []
    return [cell for cell in cells if isinstance(cell, dict)]


def _last_place(original: Original, notebook: list[dict[str, object]]) -> int | None:
    """Return how many cells of all kinds stand before the one that saved the run."""
    position = saving_cell(original)
    code = [place for place, cell in enumerate(notebook) if cell.get("cell_type") == "code"]
    return code[position] if position is not None and position < len(code) else None


def same_failure(original: Original, main: CodeFile, failure: Failure) -> str:
    """Say whether the recorded notebook shows the same error."""
    if main.role != "notebook" or failure.position is None:
        return "Whether it failed before, too, is not recorded."
    code = [cell for cell in _notebook(original) if cell.get("cell_type") == "code"]
    known = failures(original).get(failure.position)
    if known is not None:
        return f"In the original run this cell {'failed, too' if known else 'did not fail'}."
    if not any(cell.get("outputs") for cell in code):
        return "Whether it failed before, too, is not known: the notebook was saved without outputs."
    outputs = code[failure.position].get("outputs") if failure.position < len(code) else None
    errors = [one for one in outputs if one.get("output_type") == "error"] if isinstance(outputs, list) else []
    if not errors:
        return "The recorded notebook shows no error in this cell."
    shown = f"{errors[0].get('ename')}: {errors[0].get('evalue')}"
    if shown == failure.error:
        return "The recorded notebook shows the same error in this cell."
    return f"The recorded notebook shows another error in this cell: {shown[:300]}"
