"""The entry of a container: who the user is, whose the folders are, then the program itself.

A container starts as root, which only settles the user and then gives its rights away (setpriv(1)), or as any user
that `docker run --user` names, with or without rights and with a read-only root.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from jupyter_utils.variables import given

from .errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .settings import Settings

COMMANDS = ("lab", "mlflow")
"""What the image's command may be instead of a program; `jupyterhub-singleuser` means the lab as well."""
HUB_COMMAND = "jupyterhub-singleuser"
SHELL = "/bin/bash"
_MADE_BY_DOCKER = 0o755


@dataclass(frozen=True)
class User:
    """Whom the program runs as."""

    uid: int
    gid: int


def drop_empty_settings() -> None:
    """Take out of the environment what compose files set for everyone and this user has not given.

    That is every variable with an empty value, and EXTRA_CA_CERTS where what is mounted there is /dev/null.
    """
    for name in [name for name, value in os.environ.items() if not value]:
        del os.environ[name]
    certificates = given("EXTRA_CA_CERTS")
    if certificates and Path(certificates).is_char_device():
        del os.environ["EXTRA_CA_CERTS"]


def step_down(settings: Settings) -> None:
    """Go on as the container's user, where `docker exec` has started this command as root; else do nothing.

    What a command of root's writes, such as the spool's folder, the user could not write to.
    """
    user = User(settings.container_uid, settings.container_gid)
    if os.geteuid() == 0 and user.uid != 0 and not settings.run_as_root:
        argv = [*_setpriv(user), sys.executable, "-m", "jupyter_utils", *sys.argv[1:]]
        os.execvp(argv[0], argv)  # noqa: S606 - this process becomes the other


def enter(settings: Settings, words: Sequence[str]) -> NoReturn:
    """Become the program that `words` name: `lab`, `mlflow` (with arguments), or any other.

    Raises:
        SettingsError: rights cannot be given away, or there is no such program.

    """
    argv = command(words)
    if shutil.which(argv[0]) is None:
        raise SettingsError(
            f"{argv[0]!r} is no program of this image. Its own commands are {', '.join(COMMANDS)} (arguments after "
            "them are handed on); anything else is a program and its arguments."
        )
    started_as_root = os.geteuid() == 0
    user = User(settings.container_uid, settings.container_gid)
    if not started_as_root or settings.run_as_root:
        user = User(os.geteuid(), os.getegid())
    _introduce(user)
    home = Path(given("HOME") or "/")
    if started_as_root:
        for folder, mode in ((home, 0o700), (settings.root_dir, 0o755), (settings.store_dir, 0o755)):
            _hand_over(folder, user, mode)
        if user.uid != 0:
            argv = [*_setpriv(user), *argv]
    elif not os.access(home, os.W_OK):
        home = _makeshift_home(home)
    name = _name(user)
    os.environ.update({"HOME": str(home), "USER": name, "LOGNAME": name})
    sys.stdout.flush()
    os.execvp(argv[0], argv)  # noqa: S606 - this process becomes the program


def command(words: Sequence[str]) -> list[str]:
    """Give the command line that the words after the image's name mean.

    >>> command(["lab", "--ServerApp.quit_button=False"])[-3:]
    ['--verbose', '--', '--ServerApp.quit_button=False']
    >>> command(["bash", "-c", "id"])
    ['bash', '-c', 'id']
    """
    first, rest = (words[0], list(words[1:])) if words else ("lab", [])
    if first == HUB_COMMAND:
        first = "lab"
    elif first.startswith("-"):
        first, rest = "lab", list(words)
    if first not in COMMANDS:
        return list(words)
    # Whoever reads a container's log looks for the servers' in it.
    given = rest[1:] if rest[:1] == ["--"] else rest
    return [sys.executable, "-m", "jupyter_utils", first, "--verbose", *(["--", *given] if given else [])]


def _setpriv(user: User) -> list[str]:
    program = shutil.which("setpriv")
    if program is None:
        raise SettingsError("There is no `setpriv` in this image, which gives root's rights away: set RUN_AS_ROOT=1.")
    # Groups that `--group-add` gave stay: a device may belong to one. Root's own do not.
    groups = ",".join(str(group) for group in os.getgroups() if group != 0)
    kept = [f"--groups={groups}"] if groups else ["--clear-groups"]
    return [program, f"--reuid={user.uid}", f"--regid={user.gid}", *kept, "--no-new-privs", "--inh-caps=-all", "--"]


def _introduce(user: User) -> None:
    """Give the user a name: SSH and others refuse to work for a number that /etc/passwd lacks."""
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


def _name(user: User) -> str:
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(user.uid).pw_name
    return f"jupyter{user.uid}"


def _hand_over(folder: Path, user: User, mode: int) -> None:
    """Make a folder the user's where it is the image's, or where Docker has just made it for a volume, as root.

    A folder of the host that has other rights, or something in it, is somebody's: whose, only its owner may change.
    Where the user then cannot write, the launcher says so.
    """
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        found = folder.stat()
        just_made = stat.S_IMODE(found.st_mode) == _MADE_BY_DOCKER and not any(folder.iterdir())
        if found.st_uid == 0 and (just_made or not folder.is_mount()):
            os.chown(folder, user.uid, user.gid)
            folder.chmod(mode)
        foreign = [entry.name for entry in folder.iterdir() if entry.lstat().st_uid == 0] if user.uid else []
        if foreign:
            click.echo(
                f"Warning: {folder} holds files of root ({foreign[0]}, {len(foreign)} in all), as RUN_AS_ROOT leaves "
                f"them; user {user.uid} may not write to them. On the host: "
                f"sudo chown -R {user.uid}:{user.gid} <the folder that is mounted there>",
                err=True,
            )


def _makeshift_home(home: Path) -> Path:
    folder = Path(tempfile.gettempdir()) / f"home-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    click.echo(
        f"Warning: user {os.geteuid()} may not write to the home folder {home}; {folder} is taken instead, which ends "
        f"with the container. Mount a folder of this user at {home} to keep SSH keys, settings and caches.",
        err=True,
    )
    return folder
