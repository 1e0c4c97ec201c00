"""What GitPython reads of a repository: its folder, its branch and its commit, from files and without any program.

Git itself has opened the work tree before (`top_level`): GitPython does not ask whose a repository is. And Git is asked
wherever GitPython would read something else than Git does, or nothing:

- Git's variables in the environment (a hook's, an editor's) lead GitPython to another repository, and it cannot be told
  to leave them alone;
- refs in a reftable, and commits that are named by SHA-256, are unknown to it;
- so is what is no UTF-8, half a file that a power cut left, or a HEAD that is a symbolic link.

Everything else of a repository is read by Git's own commands, each with its reason beside it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.machine.inherited import REPOSITORY

from .git import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from git import Repo

# All that stands in HEAD where refs are in a reftable (gitrepository-layout(5)).
_IN_REFTABLE = "refs/heads/.invalid"


def git_dir(work_tree: Path) -> Path:
    """Return the folder of this work tree's HEAD and index; a linked work tree has one of its own."""
    found = _read(work_tree, lambda repo: os.fsdecode(repo.git_dir))
    return Path(found or ask(work_tree, "rev-parse", "--absolute-git-dir"))


def head(work_tree: Path) -> str | None:
    """Return the commit that is checked out; None on a branch that has no commit yet."""
    # Not `repo.head.commit`, for which a `git cat-file` would be started.
    found = _read(work_tree, lambda repo: repo.head.dereference_recursive(repo, "HEAD"))
    return found or ask(work_tree, "rev-parse", "-q", "--verify", "HEAD", ok=(0, 1, 128)) or None


def branch(work_tree: Path) -> str | None:
    """Return the branch that is checked out, even if it has no commit yet; None for a detached HEAD."""
    found = _read(work_tree, _branch)
    if found is None:
        found = ask(work_tree, "symbolic-ref", "-q", "--short", "HEAD", ok=(0, 1))
    return found or None


def _branch(repo: Repo) -> str | None:
    if repo.head.is_detached:
        return ""
    branch = repo.head.reference
    path = os.fsdecode(branch.path)
    # A branch that is "detached" names a commit, not another branch, which Git would follow.
    is_plain = path.startswith("refs/heads/") and path != _IN_REFTABLE and branch.is_detached
    return path.removeprefix("refs/heads/") if is_plain else None


def _read(work_tree: Path, look: Callable[[Repo], str | None]) -> str | None:
    """Return what `look` finds; None where only Git can tell."""
    if any(name in os.environ for name in REPOSITORY):
        return None
    try:
        from git import GitError, Repo  # late: it takes longer than a look
    except ImportError:  # what GIT_PYTHON_GIT_EXECUTABLE or GIT_PYTHON_REFRESH say is wrong
        return None
    try:
        with Repo(work_tree, expand_vars=False) as repo:
            return None if Path(repo.git_dir, "HEAD").is_symlink() else look(repo)
    except (GitError, ValueError, TypeError, OSError, AssertionError):  # all that its reading of files can end in
        return None
