"""Whether commits hold files as they are on disk: asked for many files at once, in as few commands as repositories."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Literal

from jupyter_utils.errors import JupyterUtilsError

from .git import READ_DIFF, ask

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

State = Literal["committed", "changed", "untracked", "ignored", "outside"]
"""A file's: the commit that is checked out holds it as it is; holds another text; does not hold it; Git is told not to;
and it lies in no repository that Git opens for this user."""


def file_states(files: Iterable[Path]) -> dict[Path, State]:
    """Return the state of each file, by the repository that each lies in."""
    states: dict[Path, State] = {}
    for work_tree, own in groupby(sorted(files, key=lambda file: str(_work_tree(file))), key=_work_tree):
        names = {str(file.relative_to(work_tree)): file for file in own} if work_tree else {}
        found = _states(work_tree, list(names)) if work_tree else {}
        states |= {file: found.get(name, "outside") for name, file in names.items()}
    return {file: states.get(file, "outside") for file in files}


def _work_tree(file: Path) -> Path | None:
    return next((folder for folder in file.parents if (folder / ".git").exists()), None)


def _states(work_tree: Path, names: list[str]) -> dict[str, State]:
    try:
        tracked = _listed(work_tree, "ls-files", "-z", "--", *names)
        ignored = _listed(work_tree, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", *names)
        changed = _changed(work_tree, sorted(tracked))
    except JupyterUtilsError:  # another user's, or one that is broken: nothing is known
        return {}
    untracked: dict[str, State] = {name: "ignored" if name in ignored else "untracked" for name in names}
    return untracked | {name: "changed" if name in changed else "committed" for name in tracked}


def _changed(work_tree: Path, names: list[str]) -> set[str]:
    if not names:
        return set()
    try:
        return _listed(work_tree, "diff", *READ_DIFF, "-z", "--name-only", "HEAD", "--", *names)
    except JupyterUtilsError:  # no commit yet
        return set(names)


def _listed(work_tree: Path, *command: str) -> set[str]:
    return set(filter(None, ask(work_tree, *command).split("\0")))
