"""Which labs run: one file of mode 0600 each, so that `jupyter-utils url` can print their addresses again."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped]

from .files import make_private_dir, state_dir, write_private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Running:
    """A running lab or MLflow server.

    Attributes:
        pid: its supervisor.
        began: when that process began, seconds since the epoch; tells it from a later process of the same number.
        urls: name -> address; JupyterLab's holds its token.
        root_dir: what its file browser shows.

    """

    pid: int
    began: float
    urls: dict[str, str]
    root_dir: str

    @property
    def is_alive(self) -> bool:
        with contextlib.suppress(psutil.Error):
            return bool(abs(psutil.Process(self.pid).create_time() - self.began) < 1)
        return False


def _folder() -> Path:
    return make_private_dir(state_dir() / "run", "XDG_STATE_HOME")


@contextlib.contextmanager
def announced(urls: dict[str, str], root_dir: Path) -> Iterator[None]:
    """Say that this process runs these servers, until the end of the block."""
    path = _folder() / f"{os.getpid()}.json"
    state = Running(os.getpid(), psutil.Process().create_time(), urls, str(root_dir))
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
