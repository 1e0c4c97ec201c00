"""The code of a run: the commit that is made of the notebook, or the one that is checked out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.entries.entry import ARTIFACTS
from jupyter_utils.errors import NotInRepositoryError, SaveRefusedError
from jupyter_utils.machine.masking import masked
from jupyter_utils.notebook import Twins, changed_since_start, executing_file, find_twins, script_name, write_twins
from jupyter_utils.repository import (
    GitError,
    Repository,
    commit_notebook,
    describe,
    difference,
    find_repository,
    is_committed,
    open_repository,
)

if TYPE_CHECKING:
    from jupyter_utils.notebook import Saved

    from .call import Call

_NOTEBOOK_DIFFERENCE = f"{OWN_FOLDER}/notebook.diff"
_SCRIPT_DIFFERENCE = f"{OWN_FOLDER}/script.diff"
_NO_BRANCH = (
    "The commit is on no branch (detached HEAD): Git removes such commits in time, once another is checked out. "
    "`git switch -c NAME` in the repository makes a branch that keeps it."
)


@dataclass(frozen=True)
class Code:
    """The commit that holds the notebook or is checked out (if any), the tags that name it, and warnings."""

    commit: str | None
    tags: dict[str, str]
    warnings: tuple[str, ...] = ()


def commit(call: Call, notebook: Path, directory: Path, saved: Saved) -> Code:
    """Commit the notebook as it is now on disk, and its twins, which are written from it unless the page has."""
    if saved.fresh and not saved.warning:
        twins = Twins(tuple(find_twins(notebook)))
    else:
        twins = write_twins(notebook, is_committed)
    repository = open_repository(notebook, twins.files, call.git_repo_dir)
    tags = describe(repository.work_tree)
    made = commit_notebook(repository, _message(call, notebook))
    tags["mlflow.source.git.commit"] = made.sha
    script = _look_at_script(repository.work_tree, directory, notebook)
    said = (*twins.warnings, *_ignored_warnings(repository), *_branch_warnings(tags), *script.warnings)
    return Code(made.sha, tags | script.tags, said)


def _message(call: Call, notebook: Path) -> str:
    lines = [f"Run {notebook.name}", "", f"Experiment: {call.experiment_name}"]
    return "\n".join(lines + ([f"Run: {call.run_name}"] if call.run_name else []))


def _branch_warnings(tags: dict[str, str]) -> tuple[str, ...]:
    if tags["mlflow.source.git.branch"] != "HEAD":
        return ()
    return (_NO_BRANCH,)


def _ignored_warnings(repository: Repository) -> tuple[str, ...]:
    return tuple(f".gitignore hides {file.name}, so it is not in the commit." for file in repository.ignored)


def look(call: Call, directory: Path) -> Code:
    """Say which commit is checked out, without one of our own, and whether notebook or script differ from it."""
    notebook = call.notebook.path if call.notebook else None
    place = notebook or Path(script_name()).absolute()
    try:
        repository = find_repository(place, find_twins(place) if notebook else [], call.git_repo_dir)
        tags = describe(repository.work_tree)
        diff = difference(repository) if notebook else ""
    except NotInRepositoryError as reason:
        return Code(None, {}, (_names_no_commit(reason),) if call.git_repo_dir else ())
    except (SaveRefusedError, GitError) as reason:
        return Code(None, {}, (_names_no_commit(reason),))
    if notebook:
        tags["jupyter_utils.notebook.differs"] = "true" if diff else "false"
        _keep(diff, directory, _NOTEBOOK_DIFFERENCE, notebook)
    script = _look_at_script(repository.work_tree, directory, notebook)
    ignored = _ignored_warnings(repository) if notebook else ()
    return Code(tags.get("mlflow.source.git.commit"), tags | script.tags, (*ignored, *script.warnings))


def _names_no_commit(reason: Exception) -> str:
    return f"The run names no commit. {reason}"


def _look_at_script(work_tree: Path, directory: Path, notebook: Path | None) -> Code:
    """Say whether the script that runs (in a notebook: by `%run`) differs from the commit that is checked out."""
    file = executing_file()
    if file is None or (notebook and file.resolve() == notebook.resolve()):
        return Code(None, {})
    try:
        repository = find_repository(file.absolute(), [], None)
        # What .gitignore hides is in no commit either.
        diff = difference(replace(repository, files=(*repository.files, *repository.ignored), ignored=()))
    except (SaveRefusedError, GitError):
        return Code(None, {})  # not in a repository of its own, which is no fault of a script
    if repository.work_tree != work_tree:
        return Code(None, {})
    words = f"{file.name} was changed after it had been started: what ran may be neither committed nor kept."
    changed = words if changed_since_start(file) else None
    tags = {"jupyter_utils.script.differs": "true" if diff or changed else "false"}
    _keep(diff, directory, _SCRIPT_DIFFERENCE, file)
    differs = (
        f"{file.name} is not in the commit as it is on disk: the difference is the run's artifact {_SCRIPT_DIFFERENCE}."
    )
    return Code(None, tags, (*([differs] if diff else []), *([changed] if changed else [])))


def _keep(diff: str, directory: Path, name: str, file: Path) -> None:
    """Keep a difference without credentials; one of a file with private cells tells which lines are whose no more."""
    if diff:
        private = "%%private" in diff or b"%%private" in file.read_bytes()
        text = "There are private cells: the difference is not kept." if private else masked(diff)
        (directory / ARTIFACTS / name).write_text(text + "\n", encoding="utf-8", errors="surrogateescape")
