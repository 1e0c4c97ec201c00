"""Outputs that do not fit into their notebook (any more): they go into a notebook of their own beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbformat

from jupyter_utils.machine.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def free_name(notebook: Path) -> Path:
    """Return a name beside the notebook that nothing has: `n.outputs.ipynb`, `n.outputs-2.ipynb`, ..."""
    number, path = 1, notebook.with_name(f"{notebook.stem}.outputs.ipynb")
    while path.exists():
        number += 1
        path = notebook.with_name(f"{notebook.stem}.outputs-{number}.ipynb")
    return path


def write(
    path: Path, notebook: str, cells: list[tuple[str, int | None, list[dict[str, Any]]]], about: Mapping[str, Any]
) -> None:
    """Write the file anew.

    Args:
        path: the file.
        notebook: name of the notebook to which the cells belong.
        cells: source, number and outputs of each.
        about: metadata of the notebook, without Jupytext's: this file has no twin.

    Raises:
        OSError: it cannot be written.
    """
    told = (
        f"These cells of `{notebook}` ran while no page was there. Their outputs are not in it, since it holds "
        "something else than what ran."
    )
    code = [
        nbformat.v4.new_code_cell(source, execution_count=count, outputs=nbformat.from_dict(outputs))  # type: ignore[no-untyped-call]
        for source, count, outputs in cells
    ]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(told), *code], metadata=dict(about))  # type: ignore[no-untyped-call]
    write_whole(path, nbformat.writes(made), errors="surrogatepass")  # type: ignore[no-untyped-call]
