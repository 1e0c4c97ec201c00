"""Put outputs into the cells of a notebook: into those that are as they ran, and into no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbformat

from jupyter_utils.notebook.content import normal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .executions import Execution


def place(
    cells: list[Any], executions: Iterable[Execution], is_same_file: Callable[[Execution], bool]
) -> tuple[bool, dict[Execution, str]]:
    """Put outputs and numbers into code cells, in place.

    A cell is known by its id, or, in a notebook whose cells have none or others, by a source that no other cell has.

    Args:
        cells: the notebook's.
        executions: of each cell one.
        is_same_file: whether the file is the one from which this was run. In one that came into its place, the same
            text says nothing: there only the id counts.

    Returns:
        whether a cell has changed; and the executions that have no cell there any more, with the reason.
    """
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    changed, refused = False, {}
    for one in executions:
        found = _find(code, one, is_same_file(one))
        if isinstance(found, str):
            refused[one] = found
        else:
            changed |= _put(found, one)
    return changed, refused


def _find(code: list[Any], one: Execution, is_same_file: bool) -> Any | str:
    wanted = normal(one.source)
    for cell in code:
        if cell.get("id") == one.cell:
            return cell if normal(cell["source"]) == wanted else "has another text there than the one that ran"
    if not is_same_file:
        return "is not in the file that is there now"
    same = [cell for cell in code if normal(cell["source"]) == wanted]
    if len(same) > 1:
        return "stands there more than once, without an id that tells which one ran"
    return same[0] if same else "is not there any more"


def _put(cell: Any, one: Execution) -> bool:
    outputs = nbformat.from_dict(one.as_nbformat())  # type: ignore[no-untyped-call]
    if cell["outputs"] == outputs and cell["execution_count"] == one.count:
        return False
    cell["outputs"], cell["execution_count"] = outputs, one.count
    # They come from this user's own kernel, as those do that a page saves.
    cell["metadata"]["trusted"] = True
    return True
