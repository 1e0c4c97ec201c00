"""The entry of a container: who the user is, whose the folders are, then the program itself.

A container starts as root, which only settles the user and then gives its rights away (setpriv(1)), or as any user
that `docker run --user` names, with or without rights and with a read-only root.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from jupyter_utils.errors import SettingsError
from jupyter_utils.machine.advice import ROOT_REMEDY, root_unsaid
from jupyter_utils.machine.namespace import Namespace
from jupyter_utils.machine.variables import given

from . import docker_stacks
from .folders import hand_over, makeshift_home
from .ownership import check_user
from .user import User, introduce, setpriv

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_utils.settings import Settings

COMMANDS = ("lab", "mlflow")
"""What the image's command may be instead of a program; `jupyterhub-singleuser` means the lab as well."""
HUB_COMMAND = "jupyterhub-singleuser"


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
        argv = [*setpriv(user), sys.executable, "-P", "-m", "jupyter_utils", *sys.argv[1:]]
        os.execvp(argv[0], argv)


def enter(settings: Settings, words: Sequence[str]) -> NoReturn:
    """Become the program that `words` name: `lab`, `mlflow` (with arguments), or any other.

    Raises:
        SettingsError: the user cannot be had or would be nobody's on the host, rights cannot be given away, or there is
            no such program. Nothing has been changed then.

    """
    argv = command(words)
    if shutil.which(argv[0]) is None:
        raise SettingsError(
            f"{argv[0]!r} is no program of this image. Its own commands are {', '.join(COMMANDS)} (arguments after "
            "them are handed on); anything else is a program and its arguments."
        )
    home = Path(given("HOME") or "/")
    environment = dict(os.environ)
    started_as_root = os.geteuid() == 0
    user = _user(settings)
    if started_as_root and not settings.run_as_root:
        docker_stacks.check_numbers(environment, user)
    folders = {home: 0o700, settings.root_dir: 0o755, settings.store_dir: 0o700}
    if started_as_root:
        check_user(user, tuple(folders), chosen="container_uid" in settings.model_fields_set)
    if unsaid := root_unsaid(settings.container_uid, run_as_root=settings.run_as_root):
        click.echo(f"Warning: {unsaid}: {ROOT_REMEDY}.", err=True)
    for remark in docker_stacks.remarks(environment, words):
        click.echo(f"Warning: {remark}", err=True)
    introduce(user)
    if started_as_root:
        for folder, mode in folders.items():
            hand_over(folder, user, mode)
        if user.uid != 0:
            argv = [*setpriv(user), *argv]
    elif not os.access(home, os.W_OK):
        home = makeshift_home(home)
    os.environ.update({"HOME": str(home), "USER": user.name, "LOGNAME": user.name})
    sys.stdout.flush()
    os.execvp(argv[0], argv)


def _user(settings: Settings) -> User:
    if os.geteuid() != 0 or settings.run_as_root:
        return User(os.geteuid(), os.getegid())
    # Root of a rootless engine is the caller, whose group is that root's, too.
    rootless = settings.container_uid == 0 and Namespace.read().kind == "rootless"
    own_group = rootless and "container_gid" not in settings.model_fields_set
    return User(settings.container_uid, 0 if own_group else settings.container_gid)


def command(words: Sequence[str]) -> list[str]:
    """Return the command line that the words after the image's name mean.

    >>> command(["lab", "--ServerApp.quit_button=False"])[-3:]
    ['--verbose', '--', '--ServerApp.quit_button=False']
    >>> command(["bash", "-c", "id"])
    ['bash', '-c', 'id']
    """
    words = docker_stacks.words_of_ours(words)
    first, rest = (words[0], list(words[1:])) if words else ("lab", [])
    if first == HUB_COMMAND:
        first = "lab"
    elif first.startswith("-"):
        first, rest = "lab", list(words)
    if first not in COMMANDS:
        return list(words)
    # Whoever reads a container's log looks for the servers' in it.
    given = rest[1:] if rest[:1] == ["--"] else rest
    return [sys.executable, "-P", "-m", "jupyter_utils", first, "--verbose", *(["--", *given] if given else [])]
