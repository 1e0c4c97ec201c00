"""The address of a repository as it may be written into a tag: for people to open, and without secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from jupyter_utils.machine.urls import without_credentials

from .git import ask

if TYPE_CHECKING:
    from pathlib import Path

# The short form of SSH addresses: user@host:path, no scheme, no slash before the colon (git-clone(1), GIT URLS).
_SCP = re.compile(r"^(?:[^@/:]+@)?(?P<host>\[[^\]]+\]|[^/:@]+):(?P<path>(?!//).+)$")
_WINDOWS_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")


def remote_url(work_tree: Path, branch: str | None) -> str | None:
    """Return the public form of the address of the remote that the branch follows, else `origin`, else any."""
    # Git's own commands: what they say comes from all of Git's configuration, of which GitPython reads a part, and with
    # `url.BASE.insteadOf` applied, for which GitPython asks Git as well.
    remotes = ask(work_tree, "remote").splitlines()
    if not remotes:
        return None
    followed = ask(work_tree, "config", "--get", f"branch.{branch}.remote", ok=(0, 1)) if branch else ""
    name = next((remote for remote in (followed, "origin") if remote in remotes), remotes[0])
    return public_url(ask(work_tree, "remote", "get-url", name))


def public_url(url: str) -> str:
    """Return a remote's address without credentials, an SSH address of the usual kinds in its https form.

    >>> public_url("git@github.com:owner/name.git")
    'https://github.com/owner/name.git'
    >>> public_url("https://user:secret@example.org/owner/name.git?token=secret")
    'https://example.org/owner/name.git'
    >>> public_url("ssh://git@example.org:2222/owner/name.git")
    'ssh://example.org:2222/owner/name.git'
    >>> public_url("/srv/git/name.git")
    '/srv/git/name.git'
    """
    if "://" in url:
        return _web_form(url)
    short = None if _WINDOWS_DRIVE.match(url) else _SCP.match(url)
    return f"https://{short['host']}/{short['path'].lstrip('/')}" if short else url


def _web_form(url: str) -> str:
    parts = urlsplit(without_credentials(url))
    # With a port of its own it is not the port of the web pages, so the address stays one of SSH.
    has_port = ":" in parts.netloc.rpartition("]")[2]
    scheme = "https" if parts.scheme in {"ssh", "git+ssh"} and not has_port else parts.scheme
    return urlunsplit((scheme, parts.netloc, parts.path, "", ""))
