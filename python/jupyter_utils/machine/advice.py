"""What to do where a folder belongs to somebody else, in a container and elsewhere."""

from __future__ import annotations

import os

from .namespace import Namespace
from .variables import given

USE_ROOT = (
    "root of this container is the very user who runs the engine ({caller} on the host), with that user's rights and "
    "no more: set CONTAINER_UID=0 (and no CONTAINER_GID), as a line of .env or with --env, and no --user"
)


ROOT_REMEDY = "set CONTAINER_UID to your own number (id -u), or RUN_AS_ROOT=1 if root is what you mean"


def root_unsaid(container_uid: int, *, run_as_root: bool, namespace: Namespace | None = None) -> str | None:
    """Say what it means that CONTAINER_UID is root's and nobody asked for root; None where that is not so.

    Root of a rootless engine is the caller, and of one that maps numbers nobody: there it means nothing bad.
    """
    if container_uid != 0 or run_as_root or os.geteuid() != 0 or (namespace or Namespace.read()).kind != "plain":
        return None
    return "CONTAINER_UID=0: everything in this container runs as root, and its files are root's on the host, too"


def how_to_own(uid: int | None = None, gid: int | None = None) -> str:
    """Say how the user of this process, or another one, comes to own a folder: a clause for messages."""
    if given("JUPYTER_UTILS_PROFILE") != "container":
        return "correct its owner (chown)"
    uid, gid = os.geteuid() if uid is None else uid, os.getegid() if gid is None else gid
    seen = Namespace.read()
    if seen.kind == "rootless":
        return "the engine is rootless, and " + USE_ROOT.format(caller=seen.users.outside(0))
    outside, group = seen.users.outside(uid), seen.groups.outside(gid)
    if seen.kind == "remapped":
        return (
            f"on the host, whose numbers userns-remap changes: sudo chown -R {outside}:{group} <what is mounted there>"
        )
    return (
        f"on the host (NFS: on its server): sudo chown -R {uid}:{gid} <what is mounted there>; in Kubernetes, set "
        "securityContext.fsGroup"
    )
