"""Whether an overlay may be used: it holds programs and start-up files, and its folder may come from anybody.

It may if a lab of this user made it, which the user's own state folder says by place and inode, and Git tracks no file
in it, as it would where it came with a clone. One that an earlier version made has no such word yet: it is taken over
if all of it belongs to this user.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from jupyter_utils.machine.allowed import allow, is_allowed

if TYPE_CHECKING:
    from pathlib import Path

_GIT_SECONDS = 20


def mark_made(overlay: Path) -> None:
    """Remember that this user's lab has made the overlay."""
    allow(overlay, _identity(overlay))


def is_usable(overlay: Path) -> bool:
    """Return whether its programs and packages may be used; one that is not there yet may be made."""
    return not os.path.lexists(overlay.parent) or (
        not _tracked(overlay) and (not overlay.exists() or is_allowed(overlay, _identity(overlay)))
    )


def take_over(overlay: Path) -> str | None:
    """Make an overlay of an earlier version this user's own where it is; return what is to be told, if anything."""
    if is_usable(overlay):
        return None
    if not _tracked(overlay) and _all_own(overlay):
        mark_made(overlay)
        return f"The overlay {overlay} of an earlier version is used from now on."
    return refusal(overlay)


def refusal(overlay: Path) -> str | None:
    """Say in a line why an overlay is not used, and what to do; None where it is."""
    if is_usable(overlay):
        return None
    if _tracked(overlay):
        why = "it came with the Git repository (git ls-files .jupyter-utils)"
    elif not _all_own(overlay):
        why = "it holds files of another user, or links out of it in the place of folders"
    else:
        return (
            f"The overlay {overlay} is not used, nor is %pip: no lab of yours has made it. Restart the lab to use it."
        )
    return (
        f"The overlay {overlay} is not used, nor is %pip: {why}, and its programs would run as yours. "
        "Remove it (git rm -r --cached, then rm -r) and install your packages again."
    )


def _identity(overlay: Path) -> bytes:
    found = overlay.stat()
    return f"overlay {found.st_dev}:{found.st_ino}".encode()


def _tracked(overlay: Path) -> bool:
    """Ask Git, in a way that runs nothing which the repository names."""
    folder = overlay.parent
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(folder.parent), "ls-files", "-z", "--", folder.name]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_GIT_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return False  # no Git here, so no clone of it
    return bool(done.stdout)


def _all_own(overlay: Path) -> bool:
    own = os.geteuid()
    if overlay.is_symlink() or overlay.parent.is_symlink():
        return False
    return all(path.lstat().st_uid == own for path in [overlay.parent, overlay, *overlay.rglob("*")])
