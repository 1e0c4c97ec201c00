"""What a kernel has run is recorded as it was sent, whatever becomes of it afterwards."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from jupyter_utils.kernels import cells

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """Give a real IPython, which a kernel's is but for its sockets."""
    made = InteractiveShell()
    made.kernel = None
    monkeypatch.setattr("jupyter_utils.notebook.kernel.shell", lambda: made)
    yield made
    made.history_manager.end_session()


def sources(ran: tuple[cells.Ran, ...]) -> list[tuple[int, str | None, str, bool | None]]:
    return [(one.number, one.cell, one.source, one.failed) for one in ran]


def test_executions_are_recorded(shell: InteractiveShell) -> None:
    """Number, id, source with magics, and whether it failed; what takes no number, or is silent, is no cell."""
    cells.load_ipython_extension(shell)
    cells.load_ipython_extension(shell)
    shell.run_cell("v = 1", store_history=True, cell_id="a")
    shell.run_cell("%%capture\nv", store_history=True, cell_id="b")
    shell.run_cell("syntax error", store_history=True, cell_id="c")
    shell.run_cell("v", store_history=False)
    shell.run_cell("v", silent=True)
    shell.run_cell("   ", store_history=True)
    found = cells.ran_cells()
    assert sources(found) == [
        (1, "a", "v = 1", False),
        (2, "b", "%%capture\nv", False),
        (3, "c", "syntax error", True),
    ]
    assert all(one.started and one.ended and one.started <= one.ended for one in found)


def test_running_cell_and_one_inside_of_it(shell: InteractiveShell) -> None:
    """The running cell is the last one and has not ended; a cell that a cell runs has a number of its own."""
    seen: list[Any] = []
    shell.user_ns["look"] = lambda: seen.append(sources(cells.ran_cells()))
    cells.load_ipython_extension(shell)
    shell.run_cell("look()", store_history=True, cell_id="a")
    assert seen == [[(1, "a", "look()", None)]]


def test_what_ran_before_is_known_from_history(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package is imported late, IPython's history tells; the running cell has its id, and its end is seen."""
    monkeypatch.setattr(shell, "get_parent", lambda: {"metadata": {"cellId": "b"}}, raising=False)
    shell.user_ns["load"] = lambda: cells.load_ipython_extension(shell)
    shell.run_cell("v = 1\n", store_history=True, cell_id="a")
    shell.run_cell("load()", store_history=True, cell_id="b")
    shell.run_cell("2", store_history=True, cell_id="c")
    assert sources(cells.ran_cells()) == [(1, None, "v = 1", None), (2, "b", "load()", False), (3, "c", "2", False)]


def test_last_run_of_each_cell_counts() -> None:
    """Known by its id, else by its source; in the order in which they ran."""
    ran = [cells.Ran(1, "a", "1"), cells.Ran(2, None, "x"), cells.Ran(3, "a", "2"), cells.Ran(4, None, "x")]
    assert [one.number for one in cells.last_runs(ran)] == [3, 4]


def test_plain_script_has_run_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no kernel, and no record."""
    monkeypatch.setattr("jupyter_utils.notebook.kernel.shell", lambda: None)
    cells.record()
    assert cells.ran_cells() == ()


def test_shell_without_history(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that keeps no history is recorded from now on."""
    events = SimpleNamespace(register=lambda *_: None)
    bare = SimpleNamespace(history_manager=None, events=events, meta={}, execution_count=1, get_parent=dict)
    monkeypatch.setattr("jupyter_utils.notebook.kernel.shell", lambda: bare)
    assert cells.ran_cells() == ()
