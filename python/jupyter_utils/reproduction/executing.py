"""Running a notebook by papermill, or a script by Python, in the work folder: which cell, how far, which error."""

from __future__ import annotations

import logging
import subprocess
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_utils.errors import ReproduceError
from jupyter_utils.machine.masking import masked, secrets, without
from jupyter_utils.supervision import processes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .folder import WorkFolder
    from .surroundings import Room

_ENGINE = "jupyter-utils-reproduce"
_KERNEL = "reproduction"
_START_SECONDS = 300
_SHOWN_LINES = 30
_LOOK_UP_SECONDS = 0.5
OUTPUT = "output.txt"
"""In the work folder: what a script prints, and what a kernel says beside its cells."""
FAILS, SKIPS = "raises-exception", "skip-execution"
"""nbclient's tags: of a cell that may fail, and of one that is not executed."""
MARKER = "papermill-error-cell-tag"
"""By this tag papermill marks the cells that it adds to a notebook that failed."""


@dataclass(frozen=True)
class Failure:
    """Where it ended: the code cell's place in the notebook (from 0; None in a script), its text, and the error."""

    position: int | None
    source: str
    error: str
    traceback: tuple[str, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        if self.position is None and not self.source:
            return f"the script failed: {self.error}"
        if self.position is None:
            return f"a cell failed: {self.error}"
        first = next(iter(self.source.strip().splitlines()), "")
        return f"code cell {self.position + 1} ({first[:60]}) failed: {self.error}"


@dataclass(frozen=True)
class Surroundings:
    """In what a command runs: interpreter, variables, working directory, and the room that it is shut into."""

    python: str
    env: dict[str, str]
    cwd: Path
    room: Room


def run_notebook(
    notebook: Path, folder: WorkFolder, around: Surroundings, *, parameters: dict[str, Any] | None = None
) -> Failure | None:
    """Execute a notebook in place, cell by cell; each cell's outputs are in the file when it has ended.

    Args:
        notebook: a file of the work folder.
        folder: the work folder.
        around: in what.
        parameters: what papermill injects; None where the notebook holds them already.

    Returns:
        the failure that ended it; None where all cells ran.
    """
    try:
        import papermill
        from papermill.exceptions import PapermillExecutionError
    except ImportError:
        raise ReproduceError("papermill, which executes notebooks, is not in this environment: install it.") from None
    _register()
    logging.getLogger("papermill").setLevel(logging.ERROR)
    path = str(notebook).replace("{", "{{").replace("}", "}}")  # papermill takes them for names of parameters
    try:
        papermill.execute_notebook(
            path,
            path,
            parameters=parameters or {},
            engine_name=_ENGINE,
            kernel_name=_KERNEL,
            language="python",
            progress_bar=True,
            start_timeout=_START_SECONDS,
            jupyter_utils_folder=folder,
            jupyter_utils_around=around,
        )
    except PapermillExecutionError as error:
        if _failed_as_before(notebook):
            return None
        position = _position(notebook, error.source)
        hidden = _secrets(notebook)
        told = without(f"{error.ename}: {error.evalue}", hidden)
        traceback = tuple(without(str(line), hidden) for line in error.traceback)
        return Failure(position, masked(str(error.source)), told, traceback)
    except RuntimeError as error:  # nbclient's, of a kernel that died or does not start
        return Failure(_last_begun(notebook), "", f"{type(error).__name__}: {error}")
    return None


def code_cells(notebook: Path) -> list[Any]:
    """Return the code cells of a notebook."""
    import nbformat

    read = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    return [cell for cell in read.cells if cell.cell_type == "code"]


def _failed_as_before(notebook: Path) -> bool:
    """Tell whether every cell that failed was expected to, as it had when the run was made, and all others ran."""
    cells = code_cells(notebook)
    failed = [cell for cell in cells if any(one.output_type == "error" for one in cell.outputs)]
    ended = cells[-1].metadata.get("papermill", {}).get("status") == "completed" or SKIPS in _tags(cells[-1])
    return bool(failed) and ended and all(FAILS in _tags(cell) for cell in failed)


def _tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _secrets(notebook: Path) -> frozenset[str]:
    return secrets("\n".join(str(cell.source) for cell in code_cells(notebook)))


def _position(notebook: Path, source: str) -> int | None:
    cells = code_cells(notebook)
    failed = [at for at, cell in enumerate(cells) if cell.metadata.get("papermill", {}).get("exception")]
    found = [at for at in failed if cells[at].source == source] or failed
    return next(iter(found), None)


def _last_begun(notebook: Path) -> int | None:
    begun = [
        at for at, cell in enumerate(code_cells(notebook)) if cell.metadata.get("papermill", {}).get("status") not in
        {None, "pending"}
    ]  # fmt: skip
    return begun[-1] if begun else None


def run_script(script: Path, arguments: Sequence[str], folder: WorkFolder, around: Surroundings) -> Failure | None:
    """Run a script; what it prints is kept in `output.txt` of the work folder."""
    log = folder.path / OUTPUT
    command = around.room.command([around.python, str(script), *arguments], folder)
    running = processes.start(command, env=around.env, log=log, cwd=around.cwd)
    try:
        code = _ended(running)
    except BaseException:
        for process in processes.in_session(running.pid):
            process.kill()
        running.kill()
        running.wait()
        raise
    if code == 0:
        return None
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    last = next((line for line in reversed(lines) if line.strip()), "")
    hidden = secrets(script.read_text(encoding="utf-8", errors="replace"))
    told = without(f"exit code {processes.exit_code(code)}: {last[:500]}", hidden)
    return Failure(None, "", told, tuple(without(line, hidden) for line in lines[-_SHOWN_LINES:]))


def _ended(running: subprocess.Popen[bytes]) -> int:
    """Wait for a process, looking up now and then: some library lets a Ctrl-C not interrupt a system call."""
    while True:
        with suppress(subprocess.TimeoutExpired):
            return running.wait(_LOOK_UP_SECONDS)


def _register() -> None:
    """Register an engine for papermill that starts the kernel as we want it: its own hands no environment on."""
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines

    class Engine(NBClientEngine):  # type: ignore[misc]
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
            folder, around = options["jupyter_utils_folder"], options["jupyter_utils_around"]
            client = PapermillNotebookClient(
                nb_man,
                timeout=None,
                startup_timeout=options.get("start_timeout", _START_SECONDS),
                kernel_name=kernel_name,
                log=logging.getLogger("papermill"),
            )
            client.km = _manager(folder, around)
            with (folder.path / OUTPUT).open("ab") as log:
                client.execute(env=around.env, cwd=str(around.cwd), stdout=log, stderr=log)

    papermill_engines.register(_ENGINE, Engine)


def _manager(folder: WorkFolder, around: Surroundings) -> Any:
    """Return what starts the kernel; its connection file lies in the work folder."""
    import json

    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    argv = [around.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {
        "argv": around.room.command(argv, folder),
        "display_name": _KERNEL,
        "language": "python",
        # bwrap hands no signal on.
        **({"interrupt_mode": "message"} if around.room.bwrap else {}),
    }
    kernels = folder.jupyter / "kernels"
    (kernels / _KERNEL).mkdir(parents=True, exist_ok=True)
    try:
        (kernels / _KERNEL / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    except OSError as error:
        raise ReproduceError(f"{folder.path} cannot be written ({error}): make room there.") from None
    return AsyncKernelManager(
        kernel_name=_KERNEL,
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(kernels)], ensure_native_kernel=False),
        connection_file=str(folder.jupyter / "runtime" / f"kernel-{uuid.uuid4()}.json"),
    )
