"""What this kernel has run: every execution of a cell, in order, with the cell's source as it was then."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jupyter_utils.notebook import kernel

from . import private, sources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell


@dataclass(frozen=True)
class Ran:
    """One execution of a cell.

    `number` is the kernel's count, as the cell's prompt shows it; `cell` the front end's id of the cell (JupyterLab:
    nbformat's; VS Code: a URI; None where the front end tells none); `source` the cell as it was sent, magics and all;
    `started` and `ended` are seconds since the epoch (None: not seen, or still running); `failed` is None until the
    cell has ended.
    """

    number: int
    cell: str | None
    source: str
    started: float | None = None
    ended: float | None = None
    failed: bool | None = None


def ran_cells() -> tuple[Ran, ...]:
    """Return every execution that took a number, oldest first, the running one last; empty in a plain script.

    What ran before this module was loaded is known from IPython's history alone: number and source.
    """
    shell = kernel.shell()
    return tuple(_recorder(shell).ran) if shell is not None else ()


def first_random_state() -> object:
    """Return the state of Python's `random` when recording began; None in a plain script."""
    shell = kernel.shell()
    return _recorder(shell).random if shell is not None else None


def last_runs(ran: Sequence[Ran]) -> tuple[Ran, ...]:
    """Return the last execution of each cell, in the order in which these ran.

    Without an id of the front end's, a cell is known by its source.

    >>> [one.source for one in last_runs([Ran(1, "a", "v = 1"), Ran(2, "b", "v"), Ran(3, "a", "v = 2")])]
    ['v', 'v = 2']
    """
    last: dict[tuple[str, str], Ran] = {}
    for one in ran:
        key = (one.cell or "", "" if one.cell else one.source)
        last.pop(key, None)  # so that the order is that of the last runs
        last[key] = one
    return tuple(last.values())


def load_ipython_extension(shell: InteractiveShell, since: str = "the kernel's start") -> None:
    """Record from now on; called in every kernel of the lab, and elsewhere when this package is imported."""
    _recorder(shell)
    sources.watch(since)
    private.offer(shell)


def record() -> None:
    """Record from now on, if this is a kernel."""
    shell = kernel.shell()
    if shell is not None:
        load_ipython_extension(shell, "import jupyter_utils")


class _Recorder:
    """Listens to IPython, which tells before and after each cell."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self.ran = _from_history(shell)
        self.random = random.getstate()
        shell.events.register("pre_run_cell", self.before)
        shell.events.register("post_run_cell", self.after)

    def before(self, info: ExecutionInfo) -> None:
        # What takes no number is no cell: front ends look at variables, magics run code of their own.
        if info.store_history and not info.silent:
            self.ran.append(Ran(_number(self._shell), info.cell_id, info.raw_cell or "", time.time()))

    def after(self, result: ExecutionResult) -> None:
        number = result.execution_count
        for at in range(len(self.ran) - 1, -1, -1):
            if self.ran[at].number == number and self.ran[at].ended is None:
                self.ran[at] = replace(self.ran[at], ended=time.time(), failed=not result.success)
                return


def _recorder(shell: Any) -> _Recorder:
    # Kept with the shell: this module may be loaded anew, and must not listen twice.
    found: _Recorder | None = shell.meta.get(_Recorder.__qualname__)
    if found is None:
        found = shell.meta[_Recorder.__qualname__] = _Recorder(shell)
    return found


def _number(shell: Any) -> int:
    """Return the running cell's number: the shell's own count is one ahead of it in some releases of IPython."""
    number: int = shell.displayhook.prompt_count
    return number


def _from_history(shell: Any) -> list[Ran]:
    sources = shell.history_manager.input_hist_raw[1:] if shell.history_manager else []
    ran = [Ran(number, None, source) for number, source in enumerate(sources, 1) if source.strip()]
    running = kernel.running_cell()
    if ran and running is not None and _number(shell) == ran[-1].number:
        ran[-1] = replace(ran[-1], cell=running)
    return ran
