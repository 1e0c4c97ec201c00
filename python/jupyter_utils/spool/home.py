"""Bringing files of runs that wait out of an artifact store that is about to go."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from jupyter_utils.entries.copying import copy_tree
from jupyter_utils.entries.entry import ARTIFACTS
from jupyter_utils.errors import SpoolError
from jupyter_utils.machine.disk import to_disk
from jupyter_utils.machine.writing import link_whole

if TYPE_CHECKING:
    from pathlib import Path

    from .folder import Spool

_FILES = "files"


def bring_home(spool: Spool, store: Path) -> tuple[int, list[str]]:
    """Copy the files of entries that lie in an artifact store into the spool, from which they are sent like any others.

    Args:
        spool: whose entries.
        store: the artifact store's folder.

    Returns:
        the number of entries whose files were copied, and the IDs of those that could not be: still being sent, or
        without room in the spool. Theirs stay where they are.
    """
    brought, left = 0, []
    for name in spool.names():
        try:
            lease = spool.hold(name)
        except SpoolError:
            lease = None
        if lease is None:
            left.append(name)
            continue
        try:
            brought += _bring(lease.path, store)
        except OSError:
            left.append(name)
        finally:
            lease.release()
    return brought, left


def _bring(entry: Path, store: Path) -> bool:
    link, copy = entry / ARTIFACTS, entry / _FILES
    if not link.is_symlink() or not link.readlink().is_relative_to(store) or not link.is_dir():
        return False
    try:
        shutil.rmtree(copy, ignore_errors=True)
        copy_tree(link.resolve(), copy)
        to_disk([path for path in copy.rglob("*") if path.is_file()], [copy, entry])
    except BaseException:
        with contextlib.suppress(OSError):
            shutil.rmtree(copy)
        raise
    link_whole(link, _FILES)
    return True
