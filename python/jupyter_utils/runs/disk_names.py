"""Names of one call that a disk on the way takes for one, or cannot hold: refused before anything is written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.errors import ArtifactNameError
from jupyter_utils.machine.disk_names import confused, doubtful
from jupyter_utils.tracking.disk_names import confused_by_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jupyter_utils.artifacts.writing import Planned
    from jupyter_utils.errors import SaveRefusedError
    from jupyter_utils.spool import Spool
    from jupyter_utils.tracking import ServerStatus


def name_problems(
    planned: Sequence[Planned], spool: Spool, server: ServerStatus, uri: str, experiment_name: str
) -> list[SaveRefusedError]:
    """Ask the disks of the spool and of the artifact store about names that are in doubt; most calls have none."""
    names = doubtful([name for one in planned for name in _files(one)])
    if not names:
        return []
    problems = {
        name: _problem(name, other, "MLflow's disk") for name, other in _by_store(names, server, uri, experiment_name)
    }
    for name, other in _by_spool(names, spool):
        problems.setdefault(name, _problem(name, other, f"the disk of {spool.path} (JUPYTER_UTILS_SPOOL_DIR)"))
    return list(problems.values())


def _files(planned: Planned) -> Iterator[str]:
    yield planned.path
    if not isinstance(planned.value, os.PathLike):
        return
    root = Path(planned.value)
    found = [Path(folder, name) for folder, _, names in os.walk(root, followlinks=True) for name in names]
    yield from (f"{planned.path}/{file.relative_to(root).as_posix()}" for file in sorted(found))


def _by_store(names: list[str], server: ServerStatus, uri: str, experiment_name: str) -> list[tuple[str, str | None]]:
    return [] if server.down else confused_by_store(uri, experiment_name, names)


def _by_spool(names: list[str], spool: Spool) -> list[tuple[str, str | None]]:
    try:
        return confused(spool.path, names)
    except OSError:
        return []  # a spool that cannot be used has an error of its own


def _problem(name: str, other: str | None, disk: str) -> SaveRefusedError:
    if other is None:
        return ArtifactNameError(f"{name!r}: {disk} cannot hold this name: rename it.")
    return ArtifactNameError(f"{name!r} and {other!r} are one name to {disk}: rename one.")
