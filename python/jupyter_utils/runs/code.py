"""The code of a run: the commit that is made of the notebook, or the one that is checked out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.entries.entry import ARTIFACTS
from jupyter_utils.errors import SaveRefusedError
from jupyter_utils.notebook import find_twins, script_name
from jupyter_utils.repository import (
    GitError,
    Repository,
    commit_notebook,
    describe,
    difference,
    find_repository,
    open_repository,
)

if TYPE_CHECKING:
    from .call import Call

_DIFFERENCE = f"{OWN_FOLDER}/notebook.diff"


@dataclass(frozen=True)
class Code:
    """The commit that holds the notebook or is checked out (if any), the tags that name it, and warnings."""

    commit: str | None
    tags: dict[str, str]
    warnings: tuple[str, ...] = ()


def commit(call: Call, notebook: Path) -> Code:
    """Commit the notebook and its twin as they are now on disk."""
    repository = open_repository(notebook, find_twins(notebook), call.git_repo_dir)
    tags = describe(repository.work_tree)
    made = commit_notebook(repository, _message(call, notebook))
    tags["mlflow.source.git.commit"] = made.sha
    return Code(made.sha, tags, _ignored_warnings(repository))


def _message(call: Call, notebook: Path) -> str:
    lines = [f"Run {notebook.name}", "", f"Experiment: {call.experiment_name}"]
    return "\n".join(lines + ([f"Run: {call.run_name}"] if call.run_name else []))


def _ignored_warnings(repository: Repository) -> tuple[str, ...]:
    return tuple(f".gitignore hides {file.name}, so it is not in the commit." for file in repository.ignored)


def look(call: Call, directory: Path) -> Code:
    """Say which commit is checked out, without one of our own, and whether the notebook differs from it."""
    place = call.notebook.path if call.notebook else Path(script_name()).absolute()
    try:
        repository = find_repository(place, find_twins(place) if call.notebook else [], call.git_repo_dir)
        tags = describe(repository.work_tree)
        diff = difference(repository) if call.notebook else ""
    except (SaveRefusedError, GitError):
        return Code(None, {})
    if call.notebook:
        tags["jupyter_utils.notebook.differs"] = "true" if diff else "false"
    if diff:
        path = directory / ARTIFACTS / _DIFFERENCE
        path.write_text(diff + "\n", encoding="utf-8", errors="surrogateescape")
    return Code(tags.get("mlflow.source.git.commit"), tags, _ignored_warnings(repository))
