"""Which labs run: one file of mode 0600 each, so that `jupyter-utils url` can print their addresses again."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped]

from jupyter_utils.app import APP
from jupyter_utils.variables import given

from .files import make_private_dir, state_dir, write_private

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Running:
    """A running lab or MLflow server.

    Attributes:
        pid: its supervisor.
        began: when that process began, seconds since the epoch; tells it from a later process of the same number.
        urls: name -> address for a browser; JupyterLab's holds its token.
        root_dir: what its file browser shows.
        health: name -> address that answers 200 while the server is well.
        artifacts: address of an MLflow server of its own -> the folder of its artifacts, where that is on this machine.

    """

    pid: int
    began: float
    urls: dict[str, str]
    root_dir: str
    health: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, str] = field(default_factory=dict)

    @property
    def is_alive(self) -> bool:
        with contextlib.suppress(psutil.Error):
            return bool(abs(psutil.Process(self.pid).create_time() - self.began) < 1)
        return False


def _folder() -> Path:
    # Containers may share a home folder, but not the numbers of their processes. (Images set this variable; a notebook
    # that looks for its server must not stumble over the .env of its project.)
    container = given("JUPYTER_UTILS_PROFILE") == "container"
    return Path(tempfile.gettempdir()) / f"{APP}-run" if container else state_dir() / "run"


@contextlib.contextmanager
def announced(
    urls: dict[str, str], root_dir: Path, health: dict[str, str] | None = None, artifacts: dict[str, str] | None = None
) -> Iterator[None]:
    """Say that this process runs these servers, until the end of the block."""
    path = make_private_dir(_folder(), "XDG_STATE_HOME") / f"{os.getpid()}.json"
    began = psutil.Process().create_time()
    state = Running(os.getpid(), began, urls, str(root_dir), health or {}, artifacts or {})
    write_private(path, json.dumps(asdict(state)))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def running() -> list[Running]:
    """All that run now, the oldest first; files that a killed one left are removed."""
    found = []
    for path in _folder().glob("*.json"):
        with contextlib.suppress(OSError, ValueError, TypeError):
            state = Running(**json.loads(path.read_text(encoding="utf-8")))
            if state.is_alive:
                found.append(state)
                continue
        path.unlink(missing_ok=True)
    return sorted(found, key=lambda state: state.began)
