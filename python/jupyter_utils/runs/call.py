"""One call of `save_mlflow`, checked: every problem is found before anything is written, committed or sent."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.writing import Planned, plan
from jupyter_utils.entries.stores import KnownStores
from jupyter_utils.errors import (
    ArgumentError,
    NotebookIgnoredError,
    SaveRefusedError,
    SeveralProblemsError,
    WorkerNotebookError,
)
from jupyter_utils.kernels.sources import is_recording
from jupyter_utils.notebook import CallingNotebook, executing_file, find_notebook, find_twins
from jupyter_utils.repository import open_repository
from jupyter_utils.spool import Spool, check_room, own_spool
from jupyter_utils.tracking import Answer, ServerStatus, check_experiment, tracking_uri, tracking_uri_problem

from .destination import check
from .disk_names import name_problems
from .values import check_metrics, check_params, exact_metrics, text_problems

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_utils.artifacts.failures import Failure


@dataclass(frozen=True)
class Arguments:
    """The arguments of `save_mlflow`, as the caller gave them."""

    experiment_name: Any
    run_name: Any
    description: Any
    params: Any
    metrics: Any
    values: Mapping[str, Any]
    do_commit: Any
    git_repo_dir: Any
    mlf_uri: Any
    notebook: Any


@dataclass(frozen=True)
class Call:
    """A call that may go ahead. `notebook` is None in a plain script, where there is nothing to commit either.

    `failures` are the values that could not even be looked at.
    """

    experiment_name: str
    run_name: str | None
    description: str | None
    params: dict[str, str]
    metrics: dict[str, float]
    exact_metrics: dict[str, dict[str, str]]
    planned: tuple[Planned, ...]
    failures: tuple[Failure, ...]
    notebook: CallingNotebook | None
    git_repo_dir: Path | None
    do_commit: bool
    uri: str
    server: ServerStatus
    answer: Answer
    spool: Spool
    warnings: tuple[str, ...]


def check_call(arguments: Arguments) -> Call:
    """Check everything about a call; writes nothing.

    Raises:
        SaveRefusedError: there is a problem, which has a subclass of its own.
        SeveralProblemsError: there are more.
    """
    problems = _text_problems(arguments)
    failures: list[Failure] = []
    params, wrong = check_params(arguments.params, failures)
    problems += wrong
    metrics, wrong = check_metrics(arguments.metrics, failures)
    problems += wrong
    planned: list[Planned] = []
    for section, values in arguments.values.items():
        good, wrong = plan(section, values, failures)
        planned += good
        problems += wrong
    notebook, warnings = _check_notebook(arguments, problems)
    spool = own_spool()
    answer, server = _check_server(arguments, KnownStores(spool.path), problems)
    _check_spool(spool, server, planned, problems)
    if not problems:
        problems += name_problems(planned, spool, server, tracking_uri(arguments.mlf_uri), arguments.experiment_name)
    _refuse(problems)
    return Call(
        experiment_name=arguments.experiment_name,
        run_name=arguments.run_name,
        description=arguments.description,
        params=params,
        metrics=metrics,
        exact_metrics=exact_metrics(arguments.metrics, metrics),
        planned=tuple(planned),
        failures=tuple(failures),
        notebook=notebook,
        git_repo_dir=_path(arguments.git_repo_dir),
        do_commit=arguments.do_commit and notebook is not None,
        uri=tracking_uri(arguments.mlf_uri),
        server=server,
        answer=answer,
        spool=spool,
        warnings=tuple(warnings),
    )


def _text_problems(arguments: Arguments) -> list[SaveRefusedError]:
    names = ("experiment_name", "run_name", "description", "mlf_uri")
    problems = text_problems({name: getattr(arguments, name) for name in names})
    if not problems and (wrong := tracking_uri_problem(arguments.mlf_uri)):
        problems.append(ArgumentError(wrong))
    for name in ("git_repo_dir", "notebook"):
        value = getattr(arguments, name)
        if value is not None and not isinstance(value, str | os.PathLike):
            problems.append(ArgumentError(f"{name} is a {type(value).__name__}, but must be a path."))
    if not isinstance(arguments.do_commit, bool):
        kind = type(arguments.do_commit).__name__
        problems.append(ArgumentError(f"do_commit is a {kind}, but must be True or False."))
    return problems


def _check_notebook(arguments: Arguments, problems: list[SaveRefusedError]) -> tuple[CallingNotebook | None, list[str]]:
    """Find the notebook and, where it is to be committed, check its repository; adds to `problems`."""
    if any(isinstance(problem, ArgumentError) for problem in problems):
        return None, []
    try:
        notebook = find_notebook(arguments.notebook)
        if notebook is not None and arguments.do_commit:
            _check_repository(notebook, _path(arguments.git_repo_dir))
    except WorkerNotebookError as problem:
        return None, [f"The run names no notebook, and nothing is committed. {problem}"]
    except SaveRefusedError as problem:
        if arguments.do_commit or arguments.notebook is not None:
            problems.append(problem)
            return None, []
        return None, [f"The run names no notebook. {problem}"]
    return notebook, [_of_script()] if notebook is None and arguments.do_commit else []


def _of_script() -> str:
    """Say what is kept of a plain script, which is not committed as a notebook is."""
    script = executing_file()
    if script is not None and is_recording():
        return f"Called from a script: nothing is committed; the run keeps a copy of {script.name}."
    why = "JUPYTER_UTILS_RECORD_CODE is off" if script is not None else "it has no file"
    return f"Called from a script: it is neither committed nor kept in the run ({why})."


def _check_repository(notebook: CallingNotebook, git_repo_dir: Path | None) -> None:
    try:
        open_repository(notebook.path, find_twins(notebook.path), git_repo_dir)
    except NotebookIgnoredError:
        # Before the first save the twin may not be there yet: then it is judged after the browser has saved.
        if not notebook.in_browser:
            raise


def _check_server(
    arguments: Arguments, known: KnownStores, problems: list[SaveRefusedError]
) -> tuple[Answer, ServerStatus]:
    """Ask the server who it is, and only the right one for the experiment; adds to `problems`."""
    if any(isinstance(problem, ArgumentError) for problem in problems):
        return Answer(), ServerStatus()
    uri = tracking_uri(arguments.mlf_uri)
    answer = check(uri, known)
    if answer.down:
        return answer, ServerStatus(down=answer.down)
    try:
        return answer, check_experiment(uri, arguments.experiment_name)
    except SaveRefusedError as problem:
        problems.append(problem)
        return answer, ServerStatus()


def _check_spool(spool: Spool, server: ServerStatus, planned: list[Planned], problems: list[SaveRefusedError]) -> None:
    """Make sure that the call can be kept, and, where it will have to wait, that there is room for it."""
    try:
        spool.prepare()
        if server.down:
            check_room(spool, sum(_known_size(one.value) for one in planned))
    except SaveRefusedError as problem:
        problems.append(problem)


def _known_size(value: Any) -> int:
    """Return the bytes that a value will take at least, where that is known before it is written."""
    if isinstance(value, bytes | bytearray):
        return len(value)
    if not isinstance(value, os.PathLike):
        return 0
    path = Path(value)
    files = [path] if path.is_file() else [Path(folder, name) for folder, _, names in os.walk(path) for name in names]
    total = 0
    for file in files:
        with suppress(OSError):  # writing it will say so
            total += file.stat().st_size
    return total


def _refuse(problems: list[SaveRefusedError]) -> None:
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise SeveralProblemsError(tuple(problems))


def _path(value: Any) -> Path | None:
    return None if value is None else Path(value).expanduser().absolute()
