"""The order of the cells: linear, out of order, or with cells that are not in the notebook."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import nbformat
import pytest
from jupyter_utils.entries.entry import ARTIFACTS
from jupyter_utils.kernels.cells import Ran
from jupyter_utils.notebook import Content, FileCell
from jupyter_utils.runs.records import order as module
from jupyter_utils.runs.records.order import FILE, judged, located, record_order

if TYPE_CHECKING:
    from pathlib import Path

# A notebook of four code cells, one of which only says something to the reader.
CELLS = (FileCell("a", "x = 1"), FileCell("b", "# note"), FileCell("c", "x += 1"), FileCell("d", "save(x)"))
BARE = tuple(FileCell(None, cell.source) for cell in CELLS)
TEXT = {cell.id: cell.source for cell in CELLS}


def verdict(ran: list[Ran], cells: tuple[FileCell, ...] = CELLS) -> str:
    content = Content(cells)
    return judged(located(ran, content), content)


def runs(order: str, *, ids: bool = True) -> list[Ran]:
    """Make executions of the cells named by the letters; a capital stands for its text before an edit."""
    made = []
    for number, letter in enumerate(order, 1):
        source = TEXT[letter] if letter.islower() else f"{TEXT[letter.lower()]} + 0"
        made.append(Ran(number, letter.lower() if ids else None, source, failed=False))
    return made


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        *[("acd", "linear"), ("abcd", "linear"), ("a", "linear"), ("ac", "linear")],
        *[("cad", "out of order"), ("accd", "out of order"), ("ad", "out of order"), ("acdcd", "out of order")],
        *[("Aacd", "hidden"), ("aCcd", "hidden"), ("aCd", "hidden")],
    ],
)
@pytest.mark.parametrize("ids", [True, False], ids=["by id", "by source"])
def test_verdicts(order: str, expected: str, ids: bool) -> None:
    """With and without the front end's ids, as in papermill; a cell of comments may run or not."""
    assert verdict(runs(order, ids=ids), CELLS if ids else BARE) == expected


def test_a_deleted_cell_is_hidden() -> None:
    """Its variables are still there, and nobody can see where from."""
    assert verdict([Ran(1, "z", "x = 5"), *runs("acd")]) == "hidden"


def test_a_cell_that_python_could_not_read_does_not_count() -> None:
    """It has changed nothing; one that failed on the way may have."""
    assert verdict([Ran(1, "a", "x = = 1", failed=True), *runs("acd")]) == "linear"
    assert verdict([Ran(1, "a", "x = 1; y", failed=True), *runs("acd")]) == "hidden"


def test_equal_cells_run_one_after_the_other() -> None:
    """Two cells with one source are two cells, also where no id tells them apart."""
    cells = (FileCell(None, "x += 1"), FileCell(None, "x += 1"), FileCell(None, "save(x)"))
    twice = [Ran(1, None, "x += 1"), Ran(2, None, "x += 1"), Ran(3, None, "save(x)")]
    assert verdict(twice, cells) == "linear"
    assert verdict([*twice, Ran(4, None, "x += 1")], cells) == "out of order"


def test_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each execution with its text, without credentials and without private cells; the card says what to do."""
    sources = ['%%private\npassword = open("p").read()', 'password = "geheim"', "save()"]
    cells = [nbformat.v4.new_code_cell(source) for source in sources[1:]]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "n.ipynb")
    (tmp_path / ARTIFACTS / "jupyter_utils").mkdir(parents=True)
    ran = [Ran(number, None, source, 1.0, 2.0, failed=False) for number, source in enumerate(sources, 1)]
    monkeypatch.setattr(module, "ran_cells", lambda: tuple(ran))
    recorded = record_order(tmp_path / "n.ipynb", tmp_path)
    assert recorded.tags == {"jupyter_utils.order": "hidden"}
    (warning,) = recorded.warnings
    assert warning.startswith("1 cell ran that is not in the notebook")
    assert "[1]" in warning
    assert "restart the kernel and run all" in warning
    kept = json.loads((tmp_path / ARTIFACTS / FILE).read_text(encoding="utf-8"))
    assert [one["source"] for one in kept["cells"]] == ["%%private\n# not recorded", 'password = "***"', "save()"]
    assert [one["place"] for one in kept["cells"]] == ["not in the notebook", "in the notebook", "in the notebook"]
