"""What ran is compared with the notebook's file: equal, or named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
import pytest
from jupyter_utils.entries.entry import ARTIFACTS
from jupyter_utils.kernels.cells import Ran
from jupyter_utils.notebook import VSCODE, CallingNotebook, Content, FileCell, Saved
from jupyter_utils.runs.records import ran as module
from jupyter_utils.runs.records.ran import TAG, compare, differing

if TYPE_CHECKING:
    from pathlib import Path

SAVE = Ran(9, "s", "save()")
SAVED = FileCell("s", "save()")


def names(ran: list[Ran], cells: list[FileCell], *, deleted: bool = True) -> list[int]:
    return [one.ran.number for one in differing(ran, Content(tuple(cells)), lambda _: deleted)]


def test_equal_cells() -> None:
    """Trailing blanks, magics, failed runs, an older source of a cell that ran again: nothing differs."""
    ran = [
        Ran(1, "a", "v = 1"),
        Ran(2, "b", "%%time\nv  \n", failed=True),
        Ran(3, "a", "v = 2"),
        SAVE,
    ]
    assert names(ran, [FileCell("a", "v = 2"), FileCell("b", "%%time\nv"), SAVED]) == []


def test_edited_after_it_ran() -> None:
    """A cell with other text in the file differs, whether the edit came before or while it ran."""
    assert names([Ran(1, "a", "v = 2"), SAVE], [FileCell("a", "v = 1"), SAVED]) == [1]
    assert names([SAVE], [FileCell("s", "save(1)")]) == [9]


def test_same_source_in_two_cells() -> None:
    """Each is compared with its own: an edit of one is seen though the other has the text that ran."""
    ran = [Ran(1, "a", "v += 1"), Ran(2, "b", "v += 1"), SAVE]
    assert names(ran, [FileCell("a", "v += 1"), FileCell("b", "v += 2"), SAVED]) == [2]


def test_deleted_cells() -> None:
    """A cell that is not in a file that was just saved was deleted; in any other it may never have been saved."""
    ran = [Ran(1, "a", "v = 2"), SAVE]
    assert names(ran, [SAVED]) == []
    assert names(ran, [SAVED], deleted=False) == [1]
    assert names(ran, [FileCell("other", "v = 1"), SAVED], deleted=False) == [1]


def test_running_cell_that_is_not_in_the_file() -> None:
    """It differs, deleted or not: nobody deletes what runs and means it."""
    assert names([SAVE], []) == [9]
    assert names([Ran(1, None, "save()")], []) == [1]


def test_without_ids() -> None:
    """Where the front end tells none (nbclient, papermill): by content, edits by likeness, injected cells by name."""
    file = [FileCell("x", "lr = 0.1\nepochs = 3"), FileCell("y", "train(lr)"), FileCell("z", "save()")]
    ran = [Ran(1, None, "lr = 0.1\nepochs = 3"), Ran(2, None, "train(lr)"), Ran(3, None, "save()")]
    assert names(ran, file) == []
    edited = [Ran(1, None, "lr = 0.5\nepochs = 3"), *ran[1:]]
    (found,) = differing(edited, Content(tuple(file)), lambda _: True)
    assert (found.ran.number, found.file) == (1, "lr = 0.1\nepochs = 3")
    injected = [ran[0], Ran(2, None, "lr = 99"), ran[1], ran[2]]
    assert names(injected, file, deleted=False) == [2]


def test_ids_that_the_file_does_not_have() -> None:
    """VS Code's URIs, and notebooks of nbformat 4.4: content tells, and the id which run of a cell was the last."""
    file = [FileCell(None, "v = 2"), FileCell(None, "save()")]
    ran = [Ran(1, "vscode:#a", "v = 1"), Ran(2, "vscode:#a", "v = 2"), Ran(3, "vscode:#b", "save()")]
    assert names(ran, file, deleted=False) == []
    assert names([*ran[:2], Ran(3, "vscode:#c", "w = 'a new cell'"), ran[2]], file, deleted=False) == [3]


def write(folder: Path, *sources: str) -> Path:
    cells = [nbformat.v4.new_code_cell(source, id=f"c{number}") for number, source in enumerate(sources)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "nb.ipynb")
    (folder / ARTIFACTS / "jupyter_utils").mkdir(parents=True, exist_ok=True)
    return folder / "nb.ipynb"


def test_tag_artifact_and_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tag says that they differ, the artifact how, and the warning which and why."""
    notebook = CallingNotebook(write(tmp_path, "v = 1", "save()"), "Jupyter server", in_browser=True)
    monkeypatch.setattr(module, "ran_cells", lambda: (Ran(1, "c0", "v = 2"), Ran(2, "c1", "save()")))
    found = compare(notebook, Saved(False, "The tab was closed."), tmp_path)
    assert found.tags == {TAG: "true"}
    assert found.warnings[0] == "The tab was closed."
    assert "cell [1] (v = 2)" in found.warnings[1]
    diff = (tmp_path / ARTIFACTS / "jupyter_utils" / "ran.diff").read_text()
    assert "-v = 1\n+v = 2\n" in diff


def test_nothing_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tag says so, there is no artifact, and a file that nobody saved is said to hold what ran."""
    notebook = CallingNotebook(write(tmp_path, "save()"), "the running cell")
    monkeypatch.setattr(module, "ran_cells", lambda: (Ran(1, None, "save()"),))
    found = compare(notebook, Saved(False, "No browser is connected."), tmp_path)
    assert found.tags == {TAG: "false"}
    assert found.warnings == ("No browser is connected; it holds what ran.",)
    assert not list((tmp_path / ARTIFACTS / "jupyter_utils").iterdir())
    assert compare(notebook, Saved(True), tmp_path).warnings == ()


def test_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of what ran is in it: all is named."""
    path = write(tmp_path, "save()")
    path.write_text("{broken")
    monkeypatch.setattr(module, "ran_cells", lambda: (Ran(1, None, "v"), Ran(2, None, "save()")))
    assert compare(CallingNotebook(path, VSCODE), Saved(False), tmp_path).tags == {TAG: "true"}


@pytest.mark.parametrize("number", [1, 12])
def test_many_cells_are_not_all_named(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The warning stays readable; the artifact has them all."""
    path = write(tmp_path)
    ran = tuple(Ran(at, None, f"a_long_name_for_a_variable_of_this_cell_{at} = {at}") for at in range(1, number + 1))
    monkeypatch.setattr(module, "ran_cells", lambda: ran)
    (warning,) = compare(CallingNotebook(path, "papermill"), Saved(False), tmp_path).warnings
    assert ("and 2 more" in warning) == (number == 12)
    assert (tmp_path / ARTIFACTS / "jupyter_utils" / "ran.diff").read_text().count("@@ ") == number
