"""Outputs that do not fit into their notebook (any more): they go into a notebook of their own beside it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import nbformat

from jupyter_utils.machine.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from .executions import Execution


@dataclass
class _SideFile:
    """A file that was written here; `stamp` tells whether it is still as it was written."""

    path: Path
    stamp: tuple[int, int] | None = None
    cells: dict[str, Execution] = field(default_factory=dict)


class SideFiles:
    """The side files of one lab. What anybody else has written or changed is never written over."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, Path], _SideFile] = {}

    async def put(self, kernel: str, notebook: Path, executions: Sequence[Execution], about: Mapping[str, Any]) -> Path:
        """Write outputs of cells into the notebook's side file, beside those of other cells of this kernel.

        Args:
            kernel: the kernel's id.
            notebook: the notebook's file.
            executions: of each cell one.
            about: metadata of the notebook, without Jupytext's: this file has no twin.

        Returns:
            the side file.

        Raises:
            OSError: it cannot be written.
        """
        key = (kernel, notebook)
        known = self._files.get(key)
        if known is None or known.stamp is None or known.stamp != _stamp(known.path):
            known = self._files[key] = _SideFile(free_name(notebook))
        known.cells |= {one.cell: one for one in executions}
        cells = [(one.source, one.count, one.as_nbformat()) for one in known.cells.values()]
        await asyncio.to_thread(write, known.path, notebook.name, cells, about)
        known.stamp = _stamp(known.path)
        return known.path


def free_name(notebook: Path) -> Path:
    """Return a name beside the notebook that nothing has: `n.outputs.ipynb`, `n.outputs-2.ipynb`, ..."""
    number, path = 1, notebook.with_name(f"{notebook.stem}.outputs.ipynb")
    while path.exists() or path.is_symlink():
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
        about: metadata for it.

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


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size)
