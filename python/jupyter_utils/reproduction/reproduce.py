"""`reproduce`: a run is run again from what it recorded, in a folder of its own, and what it gives is compared."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_utils.comparisons.tolerance import tolerances
from jupyter_utils.errors import ReproduceError
from jupyter_utils.runs.arguments import spelled

from .advice import advice
from .child import Outcome, deliver_child, mark_original
from .comparing import compared, same_failure
from .executing import Surroundings, run_notebook, run_script
from .folder import WorkFolder, new_folder
from .job import Job, job_of
from .notebook_job import executable, prepare
from .original import find_original
from .recorded_environment import environment
from .reproduced import CHECKED, COULD_NOT, Reproduction, verdict_of
from .saved import matching, saved_runs
from .surroundings import Room, room, variables
from .trust import make_sure

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from jupyter_utils.comparisons.tolerance import Tolerances

    from .executing import Failure
    from .interpreter import Interpreter
    from .saved import Saved


@dataclass(frozen=True)
class Attempt:
    """One execution: what ended it, what it saved, and the notebook with its outputs (None of a script)."""

    folder: WorkFolder
    failure: Failure | None
    saved: Saved | None
    count: int
    notebook: Path | None


@spelled
def reproduce(  # noqa: PLR0913 - one option each
    run_id: Any,
    mlf_uri: str | None = None,
    *,
    check: bool = False,
    data: str | os.PathLike[str] | None = None,
    tolerance: Any = None,
    repeat: int = 1,
    keep: bool = False,
    as_run: bool = False,
    trust: bool = False,
    tell: Callable[[str], object] = print,
) -> Reproduction:
    """Run a run again, and say whether it gives the same.

    The code, the inputs and an MLflow of its own are laid out in a work folder; neither the repository nor the run is
    touched. What comes of it is a child of the original run, with the report among its artifacts.

    Args:
        run_id: MLflow's id of the run, the id of an entry that waits, or what `save_mlflow` returned.
        mlf_uri: the MLflow server; without it, as for `load_mlflow`.
        check: only say what there is of the run: code, environment, inputs and machine.
        data: a folder with inputs that do not lie any more where they lay.
        tolerance: how far numbers may be apart, as for `compare`: `{"f1": "abs:0.001"}`.
        repeat: how often it is run; each metric is then held against the interval of what these give.
        keep: keep the work folder.
        as_run: replay the cells in the order in which they ran, instead of the notebook from top to bottom.
        trust: run it although another has saved it: its code does what this user may do.
        tell: is told where the work folder is, and which execution runs.

    Returns:
        a `Reproduction`: `verdict`, `plan`, `comparison`, `child`.

    Raises:
        ReproduceError: there is no such run, or nobody has allowed to run its code.

    Example::

        print(jupyter_utils.reproduce(result.run_id).verdict)
    """
    allowed = tolerances(tolerance)
    if repeat < 1:
        raise ReproduceError(f"repeat is {repeat}, but must be 1 or more.")
    original = find_original(run_id, mlf_uri)
    job = job_of(original, _folder(data), as_run=as_run)
    if check or job.plan.blocked:
        return Reproduction(original.id, CHECKED if check else COULD_NOT, job.plan)
    make_sure(original, job.code, trust=trust)
    shut = room()
    notes = [] if shut.bwrap else [shut.words()]
    attempts: list[Attempt] = []
    with _named(attempts), environment(original, job.plan, job.data, tell) as (python, plan):
        job = replace(job, plan=plan)
        for number in range(1, repeat + 1):
            tell(f"Execution {number} of {repeat}" if repeat > 1 else f"Running {job.main.place.name}")
            attempts.append(_attempt(job, python, shut, tell))
        return _finish(job, attempts, allowed, [*job.notes, *notes], keep=keep)


def _folder(data: str | os.PathLike[str] | None) -> Path | None:
    if data is None:
        return None
    found = Path(data).expanduser().absolute()
    if not found.is_dir():
        raise ReproduceError(f"data={str(data)!r} is no folder: name one that holds the inputs.")
    return found


@contextmanager
def _named(attempts: list[Attempt]) -> Iterator[None]:
    """Have whatever ends this say which work folders are left."""
    try:
        yield
    except BaseException as error:
        left = [str(one.folder.path) for one in attempts if one.folder.path.exists()]
        if left:
            error.add_note(f"What was made so far lies in {', '.join(left)}: remove it when you have looked.")
        raise


def _attempt(job: Job, python: Interpreter, shut: Room, tell: Callable[[str], object]) -> Attempt:
    """Lay everything out in a new folder, and execute it there."""
    folder = new_folder(job.original.id)
    tell(f"Work folder: {folder.path}")
    try:
        left = folder.lay_code(job.code)
        folder.lay_inputs(job.inputs)
        if job.data and not job.inputs:
            folder.lay_data(job.data, job.main.place.parent)
        for words in left:
            tell(words)
        failure, notebook = _execute(job, python, folder, shut)
        saved = saved_runs(folder)
        return Attempt(folder, failure, matching(job.original, saved, as_run=job.as_run), len(saved), notebook)
    except BaseException as error:
        error.add_note(f"What was made so far lies in {folder.path}: remove it when you have looked.")
        raise


def _execute(job: Job, python: Interpreter, folder: WorkFolder, shut: Room) -> tuple[Failure | None, Path | None]:
    place, cwd = folder.place(job.main.place), folder.place(job.directory)
    cwd.mkdir(parents=True, exist_ok=True)
    is_notebook = job.main.role == "notebook"
    env = variables(job.original, folder, place if is_notebook else None, python)
    inside = shut.showing(folder, [job.code.root, *(one.place for one in job.inputs)])
    around = Surroundings(python.path, env, cwd, inside)
    if not is_notebook:
        return run_script(place, job.arguments, folder, around), None
    notebook = executable(place)
    parameters = prepare(notebook, job.original, as_run=job.as_run)
    return run_notebook(notebook, folder, around, parameters=parameters), notebook


def _finish(job: Job, attempts: list[Attempt], allowed: Tolerances, notes: list[str], *, keep: bool) -> Reproduction:
    """Compare, report, and remove the work folders unless they are to be kept."""
    original, first = job.original, attempts[0]
    failed = next((one for one in attempts if one.failure or one.saved is None), None)
    made = Reproduction(original.id, COULD_NOT, job.plan, notes=tuple(notes))
    if failed is None:
        comparison = compared(original, [one.saved.path for one in attempts if one.saved], allowed)
        notes = [*notes, *advice(original, job.plan, comparison, len(attempts))]
        made = replace(made, comparison=comparison, verdict=verdict_of(comparison, job.plan), notes=tuple(notes))
    else:
        made = replace(made, failure=failed.failure, notes=(*notes, *_why(job, failed)))
    outcome = Outcome(made.verdict, {"report.html": made.to_html(), "report.json": made.to_json()}, first.notebook)
    child = deliver_child(original, first.saved if failed is None else None, outcome)
    words = mark_original(original, made.verdict)
    for one in attempts:
        if not keep:
            one.folder.remove()
    kept = first.folder.path if keep else None
    return replace(made, child=child, folder=kept, notes=(*made.notes, *([words] if words else [])))


def _why(job: Job, failed: Attempt) -> Iterator[str]:
    if failed.failure:
        yield same_failure(job.original, job.main, failed.failure)
    elif failed.count:
        yield f"{failed.count} runs were saved, none of which belongs to this one."
    else:
        yield "It ran to its end, and save_mlflow was not called: there is nothing to compare."
