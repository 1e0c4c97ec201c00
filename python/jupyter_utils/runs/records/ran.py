"""Whether what is in the notebook's file is what the kernel ran: cell by cell, before the file is committed."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.entries.entry import ARTIFACTS
from jupyter_utils.kernels.cells import Ran, last_runs, ran_cells
from jupyter_utils.kernels.private import WITHHELD, is_private
from jupyter_utils.machine.masking import masked
from jupyter_utils.notebook import VSCODE, Content, FileCell, normal, read_content

from .recorded import Recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from jupyter_utils.notebook import CallingNotebook, Saved

TAG = "jupyter_utils.ran.differs"
DIFFERENCE = f"{OWN_FOLDER}/ran.diff"
# From here on two sources are taken for one cell before and after an edit, where no id tells.
_ALIKE = 0.6
# How many cells are looked at for each, so that a notebook of hundreds costs no seconds.
_LOOKED_AT = 20
_WORD = re.compile(r"\w+|[^\w\s]")
_NAMED = 10
_SHOWN_CHARACTERS = 40


@dataclass(frozen=True)
class Differing:
    """A cell that ran otherwise than it stands in the file; `file` is None where it does not stand there at all."""

    ran: Ran
    file: str | None

    def __str__(self) -> str:
        first = next(iter(self.ran.source.strip().splitlines()), "")
        shown = first if len(first) <= _SHOWN_CHARACTERS else first[: _SHOWN_CHARACTERS - 1] + "…"
        return f"[{self.ran.number}] ({shown})"

    def diff(self, name: str) -> str:
        """Return the unified diff from the file to what ran."""
        file, ran = (_shown(source) for source in (self.file or "", self.ran.source))
        lines = difflib.unified_diff(
            file.splitlines(),
            ran.splitlines(),
            f"{name} (cell [{self.ran.number}]{'' if self.file is not None else ' is not in the file'})",
            f"cell [{self.ran.number}] as it ran",
            lineterm="",
        )
        return "\n".join(lines) + "\n"


def _shown(source: str) -> str:
    return WITHHELD if is_private(source) else masked(normal(source))


def compare(notebook: CallingNotebook, saved: Saved, directory: Path) -> Recorded:
    """Compare the cells that ran with the notebook's file, and keep the difference among the run's artifacts.

    Args:
        notebook: the calling notebook.
        saved: how its file came to be as it is.
        directory: the run's entry, which gets the difference.
    """
    ran = ran_cells()
    if not ran:
        return Recorded({}, _why(saved))
    content = read_content(notebook.path)
    found = differing(ran, content or Content(()), _may_be_deleted(notebook, saved))
    if found:
        text = "\n".join(one.diff(notebook.path.name) for one in found)
        path = directory / ARTIFACTS / DIFFERENCE
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return Recorded({TAG: "true" if found else "false"}, tuple(_warnings(notebook, saved, found)))


def _warnings(notebook: CallingNotebook, saved: Saved, found: Sequence[Differing]) -> list[str]:
    if not found:
        return [f"{why.removesuffix('.')}; it holds what ran." if not saved.fresh else why for why in _why(saved)]
    names = ", ".join(map(str, found[:_NAMED])) + (f" and {len(found) - _NAMED} more" if len(found) > _NAMED else "")
    cells = "cell" if len(found) == 1 else "cells"
    warning = (
        f"{notebook.path.name} does NOT hold what ran: {cells} {names}. The run is tagged {TAG}, and {DIFFERENCE} "
        "holds the difference."
    )
    return [*_why(saved), warning + (f" {saved.remedy}" if saved.remedy else "")]


def _why(saved: Saved) -> tuple[str, ...]:
    return (saved.warning,) if saved.warning else ()


def _may_be_deleted(notebook: CallingNotebook, saved: Saved) -> Callable[[Ran], bool]:
    """Return what tells of a cell that is not in the file whether it was deleted, else it was never saved."""
    if saved.fresh:
        return lambda _: True
    if notebook.source != VSCODE:
        # A scheduler's cell, or a page that went away: nothing says that anybody has deleted it.
        return lambda _: False
    written = notebook.path.stat().st_mtime if notebook.path.exists() else 0.0
    return lambda one: one.cell is None or one.started is None or one.started < written


def differing(ran: Sequence[Ran], content: Content, may_be_deleted: Callable[[Ran], bool]) -> list[Differing]:
    """Return the cells that ran last otherwise than they stand in the file, in the order in which they ran.

    Known by the front end's id where the file has it, else by their content. A cell that is not in the file counts
    where it is the running one, or cannot have been deleted.
    """
    last = last_runs(ran)
    by_id = {cell.id: cell for cell in content.cells if cell.id}
    ids_are_the_files = any(one.cell in by_id for one in last if one.cell)
    edited = _Edited(last, content)
    found = []
    for one in last:
        if one.cell in by_id:
            file: FileCell | None = by_id[one.cell]
        elif content.holds(one.source):
            continue
        else:
            file = None if one.cell and ids_are_the_files else edited.take(one)
        if file is None and one is not last[-1] and may_be_deleted(one):
            continue
        if file is None or normal(file.source) != normal(one.source):
            found.append(Differing(one, file.source if file else None))
    return found


class _Edited:
    """The cells of the file that nothing which ran equals: what became of other cells by an edit, where no id tells."""

    def __init__(self, last: Sequence[Ran], content: Content) -> None:
        ids, sources = {one.cell for one in last}, {normal(one.source) for one in last}
        spare = (
            cell for cell in content.cells if not (cell.id and cell.id in ids) and normal(cell.source) not in sources
        )
        self._spare = [(cell, _words(cell.source)) for cell in spare]

    def take(self, one: Ran) -> FileCell | None:
        """Take the most similar cell, once; cells run in about the order of the file, so the next few are looked at."""
        words = _words(one.source)
        rated = [(_likeness(words, others), at) for at, (_, others) in enumerate(self._spare[:_LOOKED_AT])]
        best, at = max(rated, default=(0.0, 0))
        return self._spare.pop(at)[0] if best >= _ALIKE else None


def _words(source: str) -> Counter[str]:
    return Counter(_WORD.findall(source))


def _likeness(words: Counter[str], others: Counter[str]) -> float:
    """Return the share of words and signs that two sources have in common, wherever they stand: from 0 to 1.

    >>> _likeness(_words("lr = 0.1"), _words("lr = 0.5"))
    0.8
    """
    return 2 * (words & others).total() / ((words.total() + others.total()) or 1)
