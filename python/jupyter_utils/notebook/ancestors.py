"""What the processes above this one tell: the kernel whose worker this is, and the notebook that a command executes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from .kernel import id_in_name

if TYPE_CHECKING:
    import psutil

_CONNECTION_OPTIONS = ("-f", "--f")


@dataclass(frozen=True)
class Kernel:
    """A kernel above this process: its id (None where its connection file tells none), and what started it names."""

    id: str | None
    notebooks: tuple[Path, ...]


def kernel_above() -> Kernel | None:
    """Find the kernel below which this process runs (as a worker of joblib's or the like); None if there is none."""
    import psutil

    try:
        parents = psutil.Process().parents()
    except psutil.Error:
        return None
    for parent in parents:
        words = _command(parent)
        file = _connection_file(words)
        if file is not None:
            return Kernel(id_in_name(Path(file).name), named_notebooks(parent))
    return None


def named_notebooks(process: psutil.Process | None = None) -> tuple[Path, ...]:
    """Return the notebooks on the command line of whatever has started a process (default: this one).

    `jupyter execute X.ipynb` and `papermill IN.ipynb OUT.ipynb` tell their kernels nothing, but are their parents. Of
    papermill's two the latter is the one that runs.
    """
    import psutil

    try:
        starter = (process or psutil.Process()).parent()
        folder = Path(starter.cwd()) if starter else Path()
    except (psutil.Error, OSError):
        return ()
    words = _command(starter)
    there = [folder / word for word in words if word.endswith(".ipynb") and (folder / word).is_file()]
    # The words before are the program's, and those of what starts it (`python -m`, a loader).
    program = takewhile(lambda word: not word.endswith(".ipynb"), words)
    return tuple(there[-1:] if any(Path(word).name == "papermill" for word in program) else there)


def _command(process: psutil.Process | None) -> list[str]:
    import psutil

    try:
        return process.cmdline() if process else []
    except (psutil.Error, OSError):
        return []


def _connection_file(words: list[str]) -> str | None:
    if not any("ipykernel" in word for word in words):
        return None
    follows = (after for word, after in pairwise(words) if word in _CONNECTION_OPTIONS)
    return next((after for after in follows if after.endswith(".json")), None)
