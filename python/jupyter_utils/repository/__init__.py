"""The Git repository of the calling notebook: what it is like, and the commit of exactly the notebook."""

from __future__ import annotations

from .commit import Commit, commit_notebook
from .committed import State, file_states
from .git import GitError
from .objects import StoredCommit, find_commit
from .remote import public_url
from .state import Repository, describe, difference, find_repository, is_committed, open_repository

__all__ = [
    "Commit",
    "GitError",
    "Repository",
    "State",
    "StoredCommit",
    "commit_notebook",
    "describe",
    "difference",
    "file_states",
    "find_commit",
    "find_repository",
    "is_committed",
    "open_repository",
    "public_url",
]
