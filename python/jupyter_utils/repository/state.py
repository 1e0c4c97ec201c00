"""What a repository is like before anything is committed: which files it may take, and from whom."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.errors import GitIdentityError, NotebookIgnoredError, NotInRepositoryError, RepositoryBusyError
from jupyter_utils.machine.variables import given

from .git import READ_DIFF, GitError, ask, ask_code, top_level
from .reading import branch, git_dir, head
from .remote import remote_url

if TYPE_CHECKING:
    from collections.abc import Sequence

# The files that Git keeps while such an operation waits for the user (gitrepository-layout(5)).
_UNDER_WAY = {
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
}


@dataclass(frozen=True)
class Repository:
    """A work tree, the files of a notebook in it that Git takes, and those that `.gitignore` hides."""

    work_tree: Path
    notebook: Path
    files: tuple[Path, ...]
    ignored: tuple[Path, ...]

    def names(self) -> list[str]:
        """Return the committed files as pathspecs: relative to the work tree, which is where commands run."""
        return [str(file.relative_to(self.work_tree)) for file in self.files]


def open_repository(notebook: Path, twins: Sequence[Path], git_repo_dir: Path | None) -> Repository:
    """Find the repository of a notebook and check that it could commit the notebook now; writes nothing.

    Raises:
        SaveRefusedError: it could not; each reason has a subclass of its own in `jupyter_utils.errors`.
    """
    repository = find_repository(notebook, twins, git_repo_dir)
    if not repository.files:
        hidden = " and ".join(str(file) for file in repository.ignored)
        raise NotebookIgnoredError(
            f".gitignore of the repository {repository.work_tree} hides {hidden}, so nothing of the notebook can be "
            f"committed. If that is not the repository of your study, make one: `git init` in {notebook.parent}. "
            f"If it is, remove the rule (`git check-ignore -v '{notebook.name}'` names it), or pass do_commit=False."
        )
    _check_idle(repository.work_tree)
    _check_identity(repository.work_tree)
    return repository


def find_repository(notebook: Path, twins: Sequence[Path], git_repo_dir: Path | None) -> Repository:
    """Find the repository of a notebook; `git_repo_dir` must be that one where it is given."""
    notebook = notebook.resolve()
    work_tree = _work_tree(notebook, git_repo_dir)
    inside = [file for file in (notebook, *(twin.resolve() for twin in twins)) if file.is_relative_to(work_tree)]
    ignored = tuple(file for file in inside if _is_ignored(work_tree, file))
    return Repository(work_tree, notebook, tuple(file for file in inside if file not in ignored), ignored)


def _work_tree(notebook: Path, git_repo_dir: Path | None) -> Path:
    if git_repo_dir is None:
        return Path(top_level(notebook.parent, "The notebook's directory"))
    if not git_repo_dir.is_dir():
        raise NotInRepositoryError(f"git_repo_dir={str(git_repo_dir)!r} is not a directory: name your Git repository.")
    work_tree = Path(top_level(git_repo_dir, "git_repo_dir"))
    if not notebook.is_relative_to(work_tree):
        raise NotInRepositoryError(
            f"The notebook {notebook} lies outside of git_repo_dir, the repository {work_tree}: "
            "name the repository that holds it, or pass do_commit=False."
        )
    own = Path(top_level(notebook.parent, "The notebook's directory"))
    if own != work_tree:
        raise NotInRepositoryError(
            f"The notebook {notebook} belongs to the repository {own}, which lies inside of git_repo_dir {work_tree} "
            f"(a submodule?): pass git_repo_dir={str(own)!r}, or leave git_repo_dir out."
        )
    return work_tree


def _is_ignored(work_tree: Path, file: Path) -> bool:
    # A tracked file is never reported, whatever .gitignore says: Git goes on committing it, and so do we.
    # (Not `git check-ignore`: it reads brackets in a name as a pattern and refuses --literal-pathspecs. Not GitPython
    # either: it asks `git check-ignore`.)
    name = str(file.relative_to(work_tree))
    return bool(ask(work_tree, "ls-files", "--others", "--ignored", "--exclude-standard", "--", name))


def _check_idle(work_tree: Path) -> None:
    folder = git_dir(work_tree)
    for name, operation in _UNDER_WAY.items():
        if (folder / name).exists():
            raise RepositoryBusyError(
                f"A {operation} is under way in {work_tree}, during which Git cannot commit single files: finish it "
                f"(`git {operation} --continue`), give it up (`git {operation} --abort`), or pass do_commit=False."
            )


def _check_identity(work_tree: Path) -> None:
    """Refuse where Git would have to guess the author: inside of a container the guess is always wrong."""
    missing = [
        field
        for field in ("name", "email")
        if not all(_known(work_tree, role, field) for role in ("AUTHOR", "COMMITTER"))
    ]
    if missing:
        raise GitIdentityError(
            f"Git does not know who commits ({' and '.join('user.' + field for field in missing)} not set). Run once:\n"
            '    git config --global user.name "Your Name"\n'
            '    git config --global user.email "you@example.org"\n'
            "or pass do_commit=False."
        )


def _known(work_tree: Path, role: str, field: str) -> bool:
    """Tell whether one half of an identity is set, in the places where git-commit(1) looks."""
    # Git's own command, since Git commits: GitPython reads neither GIT_CONFIG_GLOBAL and the like, nor a work tree's
    # own configuration, nor the system's where this Git has it elsewhere than in /etc.
    if given(f"GIT_{role}_{field.upper()}") or (field == "email" and given("EMAIL")):
        return True
    keys = (f"{role.lower()}.{field}", f"user.{field}")
    return any(ask(work_tree, "config", "--get", key, ok=(0, 1)) for key in keys)


def describe(work_tree: Path) -> dict[str, str]:
    """Return the tags under which MLflow knows where code came from; a detached HEAD is called HEAD, as Git does."""
    name, commit = branch(work_tree), head(work_tree)
    tags = {"mlflow.source.git.branch": name or "HEAD"}
    if commit:
        tags["mlflow.source.git.commit"] = commit
    url = remote_url(work_tree, name)
    if url:
        tags["mlflow.source.git.repoURL"] = url
    return tags


def difference(repository: Repository) -> str:
    """Return the diff of the notebook's files against the commit that is checked out; empty where there is none."""
    # Git's own commands: GitPython's index knows neither version 4 nor split and sparse ones, and reads all of it,
    # which takes seconds where there are many files; and Git alone knows what filters make of a file.
    parts = []
    for name in repository.names():
        tracked = bool(ask(repository.work_tree, "ls-files", "--", name))
        if tracked and head(repository.work_tree):
            parts.append(ask(repository.work_tree, "diff", *READ_DIFF, "HEAD", "--", name))
        elif (repository.work_tree / name).exists():
            parts.append(_new_file(repository.work_tree, name))
    return "\n".join(part for part in parts if part)


def is_committed(file: Path) -> bool:
    """Tell whether the commit that is checked out holds a file as it is on disk."""
    file = file.resolve()
    try:
        if not ask(file.parent, "ls-files", "--", file.name):
            return False
        code, _ = ask_code(file.parent, "diff", *READ_DIFF, "--quiet", "HEAD", "--", file.name, ok=(0, 1))
    except GitError:  # no repository, or no commit yet
        return False
    return code == 0


def _new_file(work_tree: Path, name: str) -> str:
    try:
        return ask(work_tree, "diff", *READ_DIFF, "--no-index", "--", os.devnull, name, ok=(0, 1))
    except GitError:  # a file that vanished between the two commands
        return ""
