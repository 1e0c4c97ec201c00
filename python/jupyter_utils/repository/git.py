"""Running Git: one place that says with which environment, how long, and what its refusals mean.

Not by GitPython's `Git`, which hands all of this process's environment on: a GIT_DIR in it cannot be left out.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING

from jupyter_utils.errors import (
    BareRepositoryError,
    CommitError,
    GitNotFoundError,
    JupyterUtilsError,
    NotInRepositoryError,
    RepositoryOwnerError,
)
from jupyter_utils.machine.inherited import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Long enough for a pre-commit hook that runs a test suite; an endless one must not hold the kernel for ever.
TIMEOUT_SECONDS = 600


# Looking at a repository takes no lock and starts no program that its configuration names, whoever wrote that. (But for
# filters, such as nbstripout's: what they make of a file is what Git compares.)
_READ_ONLY = ("--no-optional-locks", "-c", "core.fsmonitor=false")
READ_DIFF = ("--no-ext-diff", "--no-textconv", "--no-color")

_OWNED = re.compile(r"dubious ownership in repository at '(?P<repository>.*)'")


class GitError(JupyterUtilsError):
    """A Git command failed; `stderr` is what it said."""

    def __init__(self, args: Sequence[str], stderr: str) -> None:
        super().__init__(f"git {' '.join(args)}: {stderr.strip()}")
        self.stderr = stderr


def git(directory: Path, *args: str, ok: tuple[int, ...] = (0,)) -> str:
    """Run one Git command in `directory` and return its standard output, without the last newline.

    Raises:
        GitError: it exits with a code outside `ok`.
        GitNotFoundError: there is no Git.
    """
    return git_code(directory, *args, ok=ok)[1]


def ask(directory: Path, *args: str, ok: tuple[int, ...] = (0,)) -> str:
    """Run one Git command like `git` that only reads."""
    return ask_code(directory, *args, ok=ok)[1]


def ask_code(directory: Path, *args: str, ok: tuple[int, ...] = (0,)) -> tuple[int, str]:
    """Run one Git command like `ask`, and return its exit code as well."""
    return git_code(directory, *args, ok=ok, options=_READ_ONLY)


def git_code(directory: Path, *args: str, ok: tuple[int, ...] = (0,), options: Sequence[str] = ()) -> tuple[int, str]:
    """Run one Git command like `git`, with options of Git's own, and return its exit code as well."""
    command = ["git", "--literal-pathspecs", "-c", "core.quotePath=false", *options, "-C", str(directory), *args]
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            env=environment(),
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT_SECONDS,
        )
    except FileNotFoundError as error:
        raise GitNotFoundError("`git` is not on the path: install Git, or pass do_commit=False.") from error
    except subprocess.TimeoutExpired as error:
        raise CommitError(f"git {args[0]} took longer than {TIMEOUT_SECONDS} s and was stopped.") from error
    if done.returncode not in ok:
        raise GitError(args, done.stderr.decode(errors="replace") or done.stdout.decode(errors="replace"))
    return done.returncode, done.stdout.decode(errors="surrogateescape").removesuffix("\n")


def environment() -> dict[str, str]:
    """Return Git's environment: messages in English, since some are read; no prompt, since nobody could answer it."""
    env = {name: value for name, value in os.environ.items() if name not in REPOSITORY}
    return env | {"LC_ALL": "C.UTF-8", "LANGUAGE": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "true"}


def top_level(directory: Path, argument: str) -> str:
    """Return the root of the work tree that holds a directory.

    Args:
        directory: the directory.
        argument: what messages call it.

    Example:
        >>> import tempfile, pathlib
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = git(pathlib.Path(folder), "init", "-q")
        ...     top_level(pathlib.Path(folder), "git_repo_dir") == str(pathlib.Path(folder).resolve())
        True
    """
    # Not GitPython: it opens whatever it finds, whomever that belongs to (`safe.directory`).
    try:
        bare = ask(directory, "rev-parse", "--is-bare-repository")
        if bare == "true":
            raise BareRepositoryError(
                f"{argument} {directory} is in a bare Git repository, which has no files to commit from: "
                "clone it, and work in the clone; or pass do_commit=False."
            )
        return ask(directory, "rev-parse", "--show-toplevel")
    except GitError as error:
        raise _why_no_repository(error, directory, argument) from error


def _why_no_repository(error: GitError, directory: Path, argument: str) -> JupyterUtilsError:
    if "dubious ownership" in error.stderr:
        # Git names the repository itself, which may be a folder above: only that one helps.
        named = _OWNED.search(error.stderr)
        repository = shlex.quote(named["repository"] if named else str(directory))
        return RepositoryOwnerError(
            f"The Git repository of {directory} belongs to another user, so Git does not open it. If you trust it: "
            f"git config --global --add safe.directory {repository}"
        )
    if "must be run in a work tree" in error.stderr:
        return BareRepositoryError(f"{argument} {directory} lies inside of a .git directory, which has no work tree.")
    if "not a git repository" in error.stderr:
        return NotInRepositoryError(
            f"{argument} {directory} is in no Git repository: run `git init` there, "
            "pass git_repo_dir=<your repository>, or pass do_commit=False."
        )
    return NotInRepositoryError(f"Git does not open the repository of {argument} {directory}: {error.stderr.strip()}")
