"""The folder in which files are kept meanwhile: one fetch at a time, and what dead ones left is used and removed."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from . import FetchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# mmdebstrap without root works in it as users that the kernel maps: they must get through, but need not look.
MODE = 0o711


class Workplace:
    """`jupyter-utils-fetch-UID` in the folder for temporary files, held by a lock; a folder of each run in it."""

    def __init__(self, parent: str | None) -> None:
        """Name the place; it is made by `held`."""
        self.path = Path(parent or tempfile.gettempdir()).resolve() / f"jupyter-utils-fetch-{os.getuid()}"

    @contextlib.contextmanager
    def held(self, say: Callable[[str], None]) -> Iterator[None]:
        """Be the only one here; `say` is told for whom we wait."""
        self.prepare()
        holder = self.path / "pid"
        with opened(self.path) as folder:
            if not locked(folder):
                pid = holder.read_text().strip() if holder.exists() else "unknown"
                say(f"waiting for another fetch (pid {pid}) ...")
                fcntl.flock(folder, fcntl.LOCK_EX)
            holder.write_text(f"{os.getpid()}\n")
            yield

    def prepare(self) -> None:
        """Make the folder; somebody else's of that name is nothing to write into."""
        with contextlib.suppress(FileExistsError):
            self.path.mkdir(MODE)
            self.path.chmod(MODE)
        state = self.path.lstat()
        if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.getuid() or state.st_mode & 0o022:
            raise FetchError(
                f"{self.path} is in the way: it is no folder of this user's alone. Remove it, or name another folder "
                "for temporary files by TMPDIR."
            )

    @contextlib.contextmanager
    def run(self) -> Iterator[Path]:
        """Make the folder of this run, and remove it afterwards."""
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=self.path))
        with opened(folder) as own:
            locked(own)
            folder.chmod(MODE)
            try:
                yield folder
            finally:
                remove(folder)

    def leftovers(self) -> list[Path]:
        """Return the folders of runs that are dead: nobody holds their lock."""
        return [folder for folder in sorted(self.path.glob("run-*")) if folder.is_dir() and not in_use(folder)]


def in_use(folder: Path) -> bool:
    """Return whether a run that lives works in it."""
    with opened(folder) as own:
        return not locked(own)


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[int]:
    """Open a folder, to lock it: nobody removes that by mistake, as a lock file."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


def locked(folder: int) -> bool:
    """Take the lock; whether it was free."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EAGAIN, errno.EACCES}:
            return False
        raise FetchError(
            f"the folder for temporary files cannot be locked ({error.strerror}); name one on a local disk by TMPDIR."
        ) from error
    return True


def remove(folder: Path) -> None:
    """Remove a run's folder, with what is mounted in it; never through a mount."""
    for place in reversed(mounts(folder)):
        subprocess.run(["umount", place], check=False, stderr=subprocess.DEVNULL)
    left = mounts(folder)
    if left:
        raise FetchError(f"{folder} cannot be removed: {left[0]} is mounted there and cannot be unmounted")
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        # Made by mmdebstrap without root: it belongs to mapped users, as whom mmdebstrap can remove it.
        systems = [str(path) for path in folder.glob("mmdebstrap.*/*")]
        subprocess.run(["mmdebstrap", "--unshare-helper", "rm", "-rf", *systems], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def mounts(folder: Path) -> list[str]:
    """Return what is mounted below a folder, in the order in which it was."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        place = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), line.split()[4])
        if place.startswith(f"{folder}/"):
            found.append(place)
    return found
