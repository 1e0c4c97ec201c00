"""Whether commits hold files as they are on disk: asked for many files at once, in as few commands as repositories."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Literal

from jupyter_utils.errors import JupyterUtilsError

from .git import ask

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

State = Literal["committed", "changed", "untracked", "ignored", "outside"]
"""A file's: the commit that is checked out holds it as it is; holds another text; does not hold it; Git is told not to;
and it lies in no repository that Git opens for this user."""

_STATUS = ("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignored=traditional")
# A command line has an end.
_AT_ONCE = 500
_MEANING: Mapping[str, State] = {"??": "untracked", "!!": "ignored"}


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
    parts = [names[at : at + _AT_ONCE] for at in range(0, len(names), _AT_ONCE)]
    try:
        found = "\0".join(ask(work_tree, *_STATUS, "--", *part) for part in parts)
    except JupyterUtilsError:  # another user's, or one that is broken: nothing is known
        return {}
    listed = {entry[3:]: _MEANING.get(entry[:2], "changed") for entry in found.split("\0") if entry}
    # What is neither on disk nor in the commit is not listed, either.
    return {name: listed.get(name, "committed" if (work_tree / name).exists() else "untracked") for name in names}
