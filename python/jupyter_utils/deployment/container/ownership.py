"""Whether the files of a container will be whose they should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_utils.errors import SettingsError
from jupyter_utils.machine.advice import USE_ROOT
from jupyter_utils.machine.files import existing_part
from jupyter_utils.machine.namespace import Namespace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .user import User

_NOBODYS = (
    "no CONTAINER_UID makes files those of a user of the host. Either turn that off for these containers (docker run "
    "--userns=host, or `userns_mode: host` for each service in docker-compose.override.yml), and make their folders "
    "yourself before (mkdir); or unset CONTAINER_UID, and use named volumes or leave the folders to the container's "
    "user; or give the folder to that user before: sudo chown -R {outside}:{group} <the folder>"
)


def check_user(user: User, folders: Sequence[Path], *, chosen: bool, namespace: Namespace | None = None) -> None:
    """Refuse a user who does not exist in this container, or to whom folders of the host would be lost.

    Args:
        user: whom the container is to run as.
        folders: what would be handed over; they need not exist.
        chosen: whether CONTAINER_UID was set, which asks for files of that user on the host.
        namespace: default: this process' own.

    Raises:
        SettingsError: with the value to set instead.

    """
    seen = namespace or Namespace.read()
    for name, number, numbers in (("UID", user.uid, seen.users), ("GID", user.gid, seen.groups)):
        if numbers.outside(number) is None:
            raise SettingsError(
                f"CONTAINER_{name}={number} is not among the numbers that this container has ({numbers.covered}): "
                f"{_remedy(user, seen) if seen.kind == 'rootless' else 'choose one of them'}. Nothing was changed."
            )
    if user.uid == 0 or seen.kind == "plain" or (seen.kind == "remapped" and not chosen):
        return
    lost = [
        folder for folder in folders if seen.of_the_host(folder) and existing_part(folder).stat().st_uid != user.uid
    ]
    if lost:
        raise SettingsError(_refusal(user, lost[0], seen, chosen=chosen))


def _refusal(user: User, folder: Path, seen: Namespace, *, chosen: bool) -> str:
    value = f"CONTAINER_UID={user.uid}" if chosen else f"CONTAINER_UID is not set, and its default {user.uid}"
    engine = "rootless" if seen.kind == "rootless" else "started with userns-remap"
    return (
        f"{value} cannot be used with {folder}, a folder of the host: this container engine is {engine}, so that user "
        f"{user.uid} here is user {seen.users.outside(user.uid)} there, and files would be nobody's whom you know: "
        f"{_remedy(user, seen)}. Nothing was changed."
    )


def _remedy(user: User, seen: Namespace) -> str:
    remedy = USE_ROOT if seen.kind == "rootless" else _NOBODYS
    outside, group = seen.users.outside(user.uid), seen.groups.outside(user.gid)
    return remedy.format(caller=seen.users.outside(0), outside=outside, group=group)
