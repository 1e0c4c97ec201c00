"""A cell goes on while no page is there: whoever opens the notebook again sees all of it, and the file has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from desk import shows

if TYPE_CHECKING:
    from desk import Desk

PRINTS = "for i in range(3): print('step', i)\n"


def test_closed_tab(desk: Desk) -> None:
    """The cell that ran and those that were queued are in the file though no page comes; then the page shows them."""
    desk.write("print('before')\n" + desk.wait + PRINTS + "6 * 7", "print('queued')", "1 / 0", "print('never')")
    notebook = desk.open()
    desk.save(notebook)
    for number in range(4):
        notebook.start(number)
    shows(notebook, 0, "before")
    desk.leave(notebook)
    desk.go.touch()
    desk.until(lambda: "ZeroDivisionError" in desk.stored_text(2))
    assert desk.stored_text(0) == "before\nstep 0\nstep 1\nstep 2\n42"
    assert (desk.stored(0)["execution_count"], desk.stored(1)["execution_count"]) == (1, 2)
    assert desk.stored_text(1) == "queued\n"
    assert (desk.stored(3)["outputs"], desk.stored(3)["execution_count"]) == ([], None)
    twin = desk.file.with_suffix(".py").read_text()
    assert "step 0" not in twin
    assert "trusted" not in twin

    again = desk.open()
    shows(again, 0, "step 2")
    desk.until(lambda: again.output(0, "1") == "before\nstep 0\nstep 1\nstep 2\n\n42")
    desk.until(lambda: again.page.locator(".jp-mod-dirty").count() == 0)


@pytest.mark.full
def test_loaded_anew(desk: Desk) -> None:
    """Loaded again in the middle, the page shows what came before, goes on live with [*], and is asked for nothing."""
    desk.write("from IPython.display import display\nprint('before')\n" + desk.wait + PRINTS + "6 * 7")
    notebook = desk.open()
    desk.save(notebook)
    notebook.start(0)
    shows(notebook, 0, "before")
    desk.leave(notebook)
    desk.until(lambda: desk.stored_text(0) == "before\n")
    again = desk.open(ready=None)
    shows(again, 0, "before")
    assert again.cell(0).locator(".jp-InputPrompt").first.inner_text() == "[*]:"
    desk.go.touch()
    assert again.output(0, "1") == "before\nstep 0\nstep 1\nstep 2\n\n42"
    again.type(0, "changed = 1")
    again.page.keyboard.press("Control+s")
    desk.until(lambda: "changed = 1" in desk.file.read_text())
    assert again.page.locator(".jp-Dialog").count() == 0
    assert desk.stored_text(0) == "before\nstep 0\nstep 1\nstep 2\n42"
