"""The notebook that is executed: as it was recorded, from top to bottom, or its cells in the order of their runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_utils.errors import DAMAGED, ReproduceError
from jupyter_utils.kernels.private import is_private
from jupyter_utils.machine.masking import MASK

from .executing import FAILS, SKIPS

if TYPE_CHECKING:
    from pathlib import Path

    from .original import Original

_INJECTED = "injected-parameters"
LINEAR = "linear"


def order_of(original: Original) -> str:
    """Return how the cells ran; empty where nobody knows."""
    return str(original.record("cells.json").get("order") or "")


def saving_cell(original: Original) -> int | None:
    """Return which of the notebook's code cells (from 0) has saved the run; None where nobody knows."""
    return position_of(original.record("call.json"), original.record("cells.json"))


def position_of(call: dict[str, Any], cells: dict[str, Any]) -> int | None:
    """Return the place among the notebook's code cells from which a call came."""
    cell = call.get("cell")
    number = cell.get("number") if isinstance(cell, dict) else None
    rows = [row for row in cells.get("cells", []) if isinstance(row, dict) and row.get("number") == number]
    position = rows[-1].get("position") if rows else None
    return position if isinstance(position, int) else None


def prepare(file: Path, original: Original, *, as_run: bool) -> dict[str, Any] | None:
    """Make the notebook ready in place; cells after the one that has saved the run are not executed.

    Args:
        file: the notebook in the work folder.
        original: the run.
        as_run: replay what ran, in that order, instead of the notebook from top to bottom.

    Returns:
        the parameters for papermill; None where the notebook holds those that were injected, or there were none.

    Raises:
        ReproduceError: the file is no notebook, or the cells that ran are not all known.
    """
    import nbformat

    notebook = _read(file)
    if as_run:
        notebook.cells = _as_run(original)
    else:
        _let_fail(notebook, original)
    last = saving_cell(original)
    if not as_run and last is not None and order_of(original) == LINEAR:
        for cell in [cell for cell in notebook.cells if cell.cell_type == "code"][last + 1 :]:
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), SKIPS]
    nbformat.write(notebook, file)  # type: ignore[no-untyped-call]
    holds = any(_INJECTED in cell.metadata.get("tags", []) for cell in notebook.cells)
    return None if holds or as_run else _parameters(original)


def _let_fail(notebook: Any, original: Original) -> None:
    """Let cells fail that failed when the run was made, which was saved all the same."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for position, failed in failures(original).items():
        if failed and position < len(cells):
            cells[position].metadata["tags"] = [*cells[position].metadata.get("tags", []), FAILS]


def failures(original: Original) -> dict[int, bool]:
    """Return the places of code cells (from 0) -> whether their last execution failed, as far as the run tells."""
    rows = [row for row in original.record("cells.json").get("cells", []) if isinstance(row, dict)]
    known = [row for row in rows if isinstance(row.get("position"), int) and row.get("failed") is not None]
    return {row["position"]: bool(row["failed"]) for row in known}


def executable(place: Path) -> Path:
    """Return the notebook that papermill executes: a text notebook (Jupytext) is turned into one beside it."""
    if place.suffix == ".ipynb":
        return place
    import jupytext
    import nbformat

    made = place.with_name(f"{place.name}.ipynb")
    nbformat.write(jupytext.read(place), made)  # type: ignore[no-untyped-call]
    return made


def _read(file: Path) -> Any:
    import nbformat

    try:
        return nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
    except Exception as error:  # noqa: BLE001 - nbformat's own kinds, and JSON's
        raise ReproduceError(f"{file.name} as the run holds it is no notebook ({error}): {DAMAGED}.") from None


def _as_run(original: Original) -> list[Any]:
    from nbformat.v4 import new_code_cell

    rows = [row for row in original.record("cells.json").get("cells", []) if isinstance(row, dict)]
    if not rows:
        raise ReproduceError("--as-run: the run does not say which cells ran; leave it out.")
    withheld = [row.get("number") for row in rows if is_private(str(row["source"])) or MASK in str(row["source"])]
    if withheld:
        numbers = ", ".join(f"[{number}]" for number in withheld)
        raise ReproduceError(
            f"--as-run: the text of cells {numbers} is not kept whole (private, or masked); leave it out."
        )
    tags = [{"tags": [FAILS]} if row.get("failed") else {} for row in rows]
    return [new_code_cell(str(row["source"]), metadata=tag) for row, tag in zip(rows, tags, strict=True)]  # type: ignore[no-untyped-call]


def _parameters(original: Original) -> dict[str, Any] | None:
    injected = original.record("call.json").get("papermill")
    found = injected.get("parameters") if isinstance(injected, dict) else None
    if not isinstance(found, dict):
        return None
    if masked := [name for name, value in found.items() if value == MASK]:
        raise ReproduceError(
            f"papermill's parameters {', '.join(masked)} are secrets, which the run does not keep: take the "
            "notebook out of its commit (jupyter-utils show RUN), and run it with `papermill -p NAME VALUE`."
        )
    return found
