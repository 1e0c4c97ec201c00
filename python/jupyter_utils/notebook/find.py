"""Find the notebook that calls: the order is the one that survives renames, restarts and several front ends."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from jupyter_utils.errors import NotebookNotFoundError, WorkerNotebookError
from jupyter_utils.machine.variables import given

from . import kernel
from .ancestors import Kernel, kernel_above, named_notebooks
from .content import holds_cell
from .script import executing_file
from .sessions import Session, find_sessions

# The front end that says so itself, in a variable that it sets before the first cell runs.
VSCODE = "VS Code"
# A process that a kernel has started, or forked: it cannot have the notebook saved.
WORKER = "the kernel of this worker"
# Names the notebook by hand, for front ends that tell their kernels nothing.
ENVIRONMENT_VARIABLE = "JUPYTER_UTILS_NOTEBOOK"


@dataclass(frozen=True)
class CallingNotebook:
    """The notebook that calls, who told (`source`), and whether a browser may hold newer text than its file."""

    path: Path
    source: str
    in_browser: bool = False


def find_notebook(notebook: str | os.PathLike[str] | None = None) -> CallingNotebook | None:
    """Find the notebook in which this code runs; None in a plain script, which has none.

    Asked in this order: the argument; the variable `JUPYTER_UTILS_NOTEBOOK`; VS Code; papermill; the Jupyter
    server (by kernel id); the name that the server gave to the kernel when it started it; the command that started the
    kernel (papermill and `jupyter execute` tell their kernels nothing, but name the notebook); the one notebook of
    the kernel's directory that holds the running cell. In a worker process: what is known of the kernel above it.

    Raises:
        NotebookNotFoundError: a named notebook does not exist, or nothing tells in a kernel.
        WorkerNotebookError: nothing tells in a worker process of a kernel's.
    """
    named = os.fspath(notebook) if notebook is not None else given(ENVIRONMENT_VARIABLE)
    if named:
        return _named(Path(named), "notebook" if notebook is not None else ENVIRONMENT_VARIABLE)
    if kernel.shell() is None:
        # A script that a cell starts (`!python train.py`) is no worker.
        above = kernel_above() if executing_file() is None else None
        return _of_worker(above) if above else None
    for ask in (_from_vscode, _from_papermill, _from_server, _from_kernel_start, _from_command, _from_cell):
        found = ask()
        if found is not None:
            return CallingNotebook(found.path, WORKER) if kernel.is_forked() else found
    raise NotebookNotFoundError(_not_found())


def _named(path: Path, argument: str) -> CallingNotebook:
    path = path.expanduser()
    if not path.is_file():
        raise NotebookNotFoundError(
            f"{argument}={str(path)!r} is not a file (looked for {path.absolute()}): name your notebook."
        )
    # A named notebook may be open in a browser all the same: then it is saved like any other.
    session = next((one for one in _sessions() if one.path.resolve() == path.resolve()), None)
    return CallingNotebook(path.absolute(), argument, in_browser=session is not None and session.connections > 0)


def _sessions() -> list[Session]:
    identity = kernel.kernel_id() if kernel.shell() is not None else None
    return find_sessions(identity) if identity else []


def _from_vscode() -> CallingNotebook | None:
    # Its cells can be notebooks or, in the interactive window, parts of a Python file. After a rename, and on another
    # machine than the kernel's, the path leads nowhere: then the next ones are asked.
    return _existing(kernel.variable("__vsc_ipynb_file__"), VSCODE)


def _from_papermill() -> CallingNotebook | None:
    names = (kernel.variable("PAPERMILL_OUTPUT_PATH"), kernel.variable("PAPERMILL_INPUT_PATH"))
    return next((found for name in names if (found := _existing(name, "papermill"))), None)


def _from_server() -> CallingNotebook | None:
    sessions = _sessions()
    source = kernel.cell_source()
    if len(sessions) > 1 and source:
        # Notebooks that share a kernel: the one with the running cell calls.
        sessions = sorted(sessions, key=lambda one: not holds_cell(one.path, source))
    if not sessions:
        return None
    return CallingNotebook(sessions[0].path, "Jupyter server", in_browser=sessions[0].connections > 0)


def _from_kernel_start() -> CallingNotebook | None:
    # Whether a browser holds it is not known here: trying to save costs a wait at most.
    found = _existing(given("JPY_SESSION_NAME"), "JPY_SESSION_NAME")
    return CallingNotebook(found.path, found.source, in_browser=True) if found else None


def _from_command() -> CallingNotebook | None:
    source = kernel.cell_source()
    holding = {path for path in named_notebooks() if source and holds_cell(path, source)}
    return CallingNotebook(holding.pop(), "the command that runs it") if len(holding) == 1 else None


def _of_worker(above: Kernel) -> CallingNotebook:
    sessions = find_sessions(above.id) if above.id else []
    if sessions:
        return CallingNotebook(sessions[0].path, WORKER)
    name = given("JPY_SESSION_NAME")
    named = [Path(name).absolute()] if name and Path(name).is_file() else [*above.notebooks]
    if len(named) == 1:
        return CallingNotebook(named[0], WORKER)
    raise WorkerNotebookError(
        "This is a worker process of a kernel, and nothing tells whose notebook that is: pass "
        f"notebook='<your notebook>.ipynb' (or set {ENVIRONMENT_VARIABLE}), or call save_mlflow in the notebook itself."
    )


def _from_cell() -> CallingNotebook | None:
    holding = _notebooks_with_cell()
    return CallingNotebook(holding[0], "the running cell") if len(holding) == 1 else None


def _notebooks_with_cell() -> list[Path]:
    source = kernel.cell_source()
    if source is None:
        return []
    return [path for path in sorted(kernel.start_directory().glob("*.ipynb")) if holds_cell(path, source)]


def _existing(name: str | None, source: str) -> CallingNotebook | None:
    if not name:
        return None
    path = kernel.start_directory() / name
    return CallingNotebook(path.absolute(), source) if path.is_file() else None


def _not_found() -> str:
    holding = _notebooks_with_cell()
    why = (
        f"these hold the running cell: {', '.join(path.name for path in holding)}"
        if holding
        else "no notebook there holds the running cell"
    )
    return (
        "Cannot tell which notebook calls: no Jupyter server knows this kernel, and in the kernel's directory "
        f"{kernel.start_directory()} {why}. Pass notebook='<your notebook>.ipynb' (or set {ENVIRONMENT_VARIABLE})."
    )
