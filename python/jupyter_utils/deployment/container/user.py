"""The user of a container: a number that may have no name yet, and how root becomes that user."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path

import click

from jupyter_utils.errors import SettingsError
from jupyter_utils.machine.variables import given

SHELL = "/bin/bash"


@dataclass(frozen=True)
class User:
    """Whom the program runs as."""

    uid: int
    gid: int

    @property
    def name(self) -> str:
        """The user's name, which `introduce` has given where there was none."""
        with contextlib.suppress(KeyError):
            return pwd.getpwuid(self.uid).pw_name
        return f"jupyter{self.uid}"


def setpriv(user: User) -> list[str]:
    """Return the words before a command that make it run as the user, without root's rights.

    Raises:
        SettingsError: the image lacks the program for that.

    """
    program = shutil.which("setpriv")
    if program is None:
        raise SettingsError("There is no `setpriv` in this image, which gives root's rights away: set RUN_AS_ROOT=1.")
    # Groups that `--group-add` gave stay: a device may belong to one. Root's own do not.
    groups = ",".join(str(group) for group in os.getgroups() if group != 0)
    kept = [f"--groups={groups}"] if groups else ["--clear-groups"]
    return [program, f"--reuid={user.uid}", f"--regid={user.gid}", *kept, "--no-new-privs", "--inh-caps=-all", "--"]


def introduce(user: User) -> None:
    """Name the user: SSH and others refuse to work for a number that /etc/passwd lacks."""
    home = given("HOME") or "/"
    with contextlib.suppress(OSError):
        if not _known_group(user.gid):
            _append(Path("/etc/group"), f"jupyter{user.gid}:x:{user.gid}:")
        if not _known_user(user.uid):
            _append(Path("/etc/passwd"), f"jupyter{user.uid}:x:{user.uid}:{user.gid}:Jupyter:{home}:{SHELL}")
        return
    click.echo(
        f"Warning: user {user.uid} has no name in this container, and /etc/passwd cannot be written: "
        "everything works but SSH. A root that is not read-only, or CONTAINER_UID=1000, helps.",
        err=True,
    )


def _append(file: Path, line: str) -> None:
    with file.open("a", encoding="utf-8") as opened:
        opened.write(line + "\n")


def _known_user(uid: int) -> bool:
    with contextlib.suppress(KeyError):
        return bool(pwd.getpwuid(uid))
    return False


def _known_group(gid: int) -> bool:
    with contextlib.suppress(KeyError):
        return bool(grp.getgrgid(gid))
    return False
