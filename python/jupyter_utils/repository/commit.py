"""Commit exactly the notebook and its Jupytext twin, with Git's own `commit --only`.

What the user has staged stays staged, and other files keep their uncommitted work: that is what `--only` promises
(git-commit(1)). Hooks and signing are the user's business and run as configured.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_utils.errors import CommitError
from jupyter_utils.machine.variables import seconds

from .git import READ_DIFF, GitError, ask, ask_code, git, git_code
from .reading import git_dir, head

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .state import Repository

# How long another Git command may hold the repository's lock before we give up.
LOCK_SECONDS = seconds("JUPYTER_UTILS_GIT_LOCK_SECONDS")

# What Git says when another process was in the way: the lock of the index, or of the branch, or a branch that moved;
# or an index from which another process has dropped what was announced.
_IN_THE_WAY = ("File exists", "cannot lock ref", "another git process", "did not match any file(s) known to git")


@dataclass(frozen=True)
class Commit:
    """A commit that holds the notebook; `created` is False where an earlier one already held it unchanged."""

    sha: str
    created: bool


def commit_notebook(repository: Repository, message: str) -> Commit:
    """Commit the files of `repository`, and nothing else; an unchanged notebook makes no commit.

    Raises:
        CommitError: Git refuses; the message holds what it said, and the index is as it was before.
    """
    import tenacity  # takes longer to import than all of this package

    waiting = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, GitError) and _is_in_the_way(error)),
        wait=tenacity.wait_random(0.05, 0.3),
        stop=tenacity.stop_after_delay(LOCK_SECONDS),
        reraise=True,
    )
    with _alone(repository.work_tree):
        try:
            commit: Commit = waiting(_commit_once, repository, message)
        except GitError as error:
            raise CommitError(_explain(repository, error)) from error
        if commit.created:
            # The commit is made; that Git's index lags behind it is no reason to say otherwise.
            with suppress(GitError):
                waiting(_follow_hook, repository, commit)
        return commit


@contextmanager
def _alone(work_tree: Path) -> Iterator[None]:
    """Let one notebook commit at a time: they queue, instead of each trying again and again.

    Git's own lock is not enough: `commit --only` reads the index before it locks it, and so may write back one without
    what another process has announced in between.
    """
    import filelock

    lock = None
    # Whoever has waited for long enough, or may not write there, goes on with Git's own lock alone.
    with suppress(GitError, OSError):
        folder = git_dir(work_tree)
        if os.access(folder, os.W_OK):  # else a lock is waited for, and never had
            waiting = filelock.FileLock(folder / "jupyter-utils.lock", timeout=LOCK_SECONDS)
            waiting.acquire()
            lock = waiting
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def _commit_once(repository: Repository, message: str) -> Commit:
    present = [name for name in repository.names() if _matters(repository.work_tree, name)]
    before = head(repository.work_tree)
    if before and not _changed(repository.work_tree, present):
        return Commit(before, created=False)
    new = [name for name in present if not ask(repository.work_tree, "ls-files", "--", name)]
    _announce(repository.work_tree, new)
    try:
        git(repository.work_tree, "commit", "--quiet", "--only", "-m", message, "--", *present)
    except BaseException as error:
        _withdraw(repository.work_tree, new)
        if isinstance(error, GitError) and before and not _changed(repository.work_tree, present):
            # A hook that rewrites and then refuses, as those of pre-commit do, has taken out all that was new.
            return Commit(before, created=False)
        raise
    # Not HEAD: another notebook may have committed since. Ours is the last commit that touched these files.
    # (Not `git log`, which says more than it is asked where the user has set log.showSignature.)
    return Commit(ask(repository.work_tree, "rev-list", "-1", "HEAD", "--", *present), created=True)


def _follow_hook(repository: Repository, commit: Commit) -> None:
    """Bring the index up to what was committed, for these files alone.

    A hook that rewrites a file and adds it (nbstripout, formatters) does so in the index of `commit --only`, which Git
    throws away: its own would keep the file as it was before, staged, and the user's next commit would bring it back.
    """
    names = [name for name in repository.names() if _matters(repository.work_tree, name)]
    code, _ = ask_code(
        repository.work_tree, "diff", *READ_DIFF, "--cached", "--quiet", commit.sha, "--", *names, ok=(0, 1)
    )
    if code:
        git(repository.work_tree, "reset", "--quiet", "--", *names)


def _matters(work_tree: Path, name: str) -> bool:
    """Tell whether a file exists, or did: a twin that was deleted is part of what changed."""
    return (work_tree / name).exists() or bool(ask(work_tree, "ls-files", "--", name))


def _changed(work_tree: Path, names: list[str]) -> bool:
    if any(not ask(work_tree, "ls-files", "--", name) for name in names):
        return True
    code, _ = ask_code(work_tree, "diff", *READ_DIFF, "--quiet", "HEAD", "--", *names, ok=(0, 1))
    return code == 1


def _announce(work_tree: Path, names: list[str]) -> None:
    """Make new files known to Git without staging their content: `commit --only` takes known files alone."""
    if names:
        # --sparse: also a notebook outside of the sparse checkout's patterns is the user's own and is there.
        git(work_tree, "add", "--intent-to-add", "--sparse", "--", *names)


def _withdraw(work_tree: Path, names: list[str]) -> None:
    if names:
        git_code(work_tree, "rm", "--cached", "--quiet", "--force", "--sparse", "--", *names, ok=(0, 1, 128))


def _is_in_the_way(error: GitError) -> bool:
    return any(sign in error.stderr for sign in _IN_THE_WAY)


def _explain(repository: Repository, error: GitError) -> str:
    said = error.stderr.strip() or "(Git gave no reason; a hook that says nothing, perhaps)"
    if "Permission denied" in error.stderr or "Read-only file system" in error.stderr:
        said += "\nThis user may not write there: see who owns the folder named above (ls -ld)."
    elif "index.lock" in error.stderr:
        said += (
            f"\nThe lock stayed for {LOCK_SECONDS:g} s. If no Git command runs any more, a killed one left it: "
            "remove the file named above."
        )
    return (
        f"Git did not commit {repository.notebook.name} in {repository.work_tree}:\n{said}\n"
        "The notebook is saved on disk; nothing was sent to MLflow. Call again once this is put right, "
        "or with do_commit=False."
    )
