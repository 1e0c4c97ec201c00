"""The folders of a container: given to its user where nobody else has them."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_utils.machine.advice import how_to_own
from jupyter_utils.machine.namespace import Namespace

if TYPE_CHECKING:
    from .user import User

_MADE_BY_DOCKER = 0o755


def hand_over(folder: Path, user: User, mode: int) -> None:
    """Make a folder the user's where it is the image's, or where Docker has just made it for a volume, as root.

    A folder of the host that has other rights, or something in it, is somebody's: whose, only its owner may change.
    Where the user then cannot write, the launcher says so.
    """
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        found = folder.stat()
        just_made = stat.S_IMODE(found.st_mode) == _MADE_BY_DOCKER and not any(folder.iterdir())
        if found.st_uid == 0 and (just_made or not folder.is_mount()):
            _give(folder, user, mode)
        _warn_of_others(folder, user)


def _give(folder: Path, user: User, mode: int) -> None:
    try:
        os.chown(folder, user.uid, user.gid)
        folder.chmod(mode)
    except OSError as error:
        if not folder.stat().st_mode & stat.S_IWOTH:  # else the user can write all the same
            click.echo(
                f"Warning: {folder} cannot be given to user {user.uid} ({error.strerror}), as on NFS with root_squash, "
                f"on drives of Windows, or without CAP_CHOWN. To do it yourself, {how_to_own(user.uid, user.gid)}",
                err=True,
            )


def _warn_of_others(folder: Path, user: User) -> None:
    """Name files that the user may not write to, or that would be nobody's on the host."""
    if user.uid:
        _warn(folder, user, [entry.name for entry in folder.iterdir() if entry.lstat().st_uid == 0])
        return
    seen = Namespace.read()
    if seen.kind == "rootless" and seen.of_the_host(folder):
        foreign = [entry for entry in (folder, *folder.iterdir()) if entry.lstat().st_uid != 0]
        # What the map has no number for is somebody's; only the others can be taken back.
        taken = [entry.name for entry in foreign if entry.lstat().st_uid != _overflow()]
        if taken:
            click.echo(
                f"Warning: {folder} holds files of another user of a container ({taken[0]}, {len(taken)} in all), "
                "which belong to nobody on the host. To make them yours, run this image with the same folders, "
                f"CONTAINER_UID=0 and the words chown -R 0:0 {folder}",
                err=True,
            )


def _warn(folder: Path, user: User, foreign: list[str]) -> None:
    if foreign:
        click.echo(
            f"Warning: {folder} holds files of root ({foreign[0]}, {len(foreign)} in all), as RUN_AS_ROOT leaves them; "
            f"user {user.uid} may not write to them. To change that, {how_to_own(user.uid, user.gid)}",
            err=True,
        )


def _overflow() -> int:
    return int(Path("/proc/sys/kernel/overflowuid").read_text(encoding="ascii"))


def makeshift_home(home: Path) -> Path:
    """Make a home folder that ends with the container, for a user who may not write to the image's."""
    folder = Path(tempfile.gettempdir()) / f"home-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    click.echo(
        f"Warning: user {os.geteuid()} may not write to the home folder {home}; {folder} is taken instead, which ends "
        f"with the container. Mount a folder of this user at {home} to keep SSH keys, settings and caches; its owner: "
        f"{how_to_own()}.",
        err=True,
    )
    return folder
