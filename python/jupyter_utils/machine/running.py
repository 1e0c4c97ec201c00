"""Which labs run: one file of mode 0600 each, so that `jupyter-utils url` can print their addresses again."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import psutil

from jupyter_utils.errors import DirectoryError

from .app import APP
from .files import make_private_dir, state_dir
from .variables import given
from .writing import write_whole

if TYPE_CHECKING:
    from typing import Self


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
        stores: address of an MLflow server of its own -> the identity of its store, where the launcher knows it.
        settings: name of a setting -> its value there, of those that say where things are; no passwords.
        environment: name of the environment that runs; empty where it has none.
        logs: name -> file of its output.
        ended: name -> how a server ended last that was started again, and how often that has been.
    """

    pid: int
    began: float
    urls: dict[str, str]
    root_dir: str
    health: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, str] = field(default_factory=dict)
    stores: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    environment: str = ""
    logs: dict[str, str] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)

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


class Announcement:
    """That this process runs servers: a file, from `make` until the end of the block."""

    def __init__(self, urls: dict[str, str], root_dir: Path, **more: Any) -> None:
        """Take what `Running` holds, but for the process, which is this one."""
        self._state = Running(os.getpid(), psutil.Process().create_time(), urls, str(root_dir), **more)
        self._times: Counter[str] = Counter()
        self._path: Path | None = None

    def make(self) -> None:
        """Write the file; where there is no room for it, say so: the servers work without it."""
        try:
            self._path = make_private_dir(_folder(), "XDG_STATE_HOME") / f"{os.getpid()}.json"
            write_whole(self._path, json.dumps(asdict(self._state)), mode=0o600)
        except (OSError, DirectoryError) as error:
            click.echo(f"Warning: `jupyter-utils url` and notebooks' fast way to MLflow do not work: {error}", err=True)

    def ended(self, name: str, how: str) -> None:
        """Write down how a server ended that is started again."""
        self._times[name] += 1
        times = self._times[name]
        text = f"{how}, and is started again ({times} time{'s' * (times > 1)} since this lab began)"
        self._state = replace(self._state, ended=self._state.ended | {name: text})
        self.make()

    def __enter__(self) -> Self:
        """Nothing is said before `make`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Take it back."""
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)


def running() -> list[Running]:
    """Return all that run now, the oldest first; files that a killed one left are removed."""
    found = []
    for path in _folder().glob("*.json"):
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
            state = _read(path)
            if state.is_alive:
                found.append(state)
                continue
        path.unlink(missing_ok=True)
    return sorted(found, key=lambda state: state.began)


def _read(path: Path) -> Running:
    # Versions may run beside each other: what a later one says besides is passed over.
    known = {one.name for one in fields(Running)}
    found = json.loads(path.read_text(encoding="utf-8"))
    return Running(**{name: value for name, value in found.items() if name in known})
