"""The work folder of one reproduction: everything that it writes lies in it.

FOLDER/root/...      the code and its inputs, each at the absolute path at which it lay
FOLDER/mlflow/       an MLflow of its own
FOLDER/spool/        a spool of its own
FOLDER/jupyter/      the kernel's connection, IPython's profile, caches
"""

from __future__ import annotations

import logging
import re
import secrets
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jupyter_utils.entries.copying import copy_file
from jupyter_utils.errors import ReproduceError
from jupyter_utils.machine.urls import sqlite_uri
from jupyter_utils.repository import GitError
from jupyter_utils.repository.git import git
from jupyter_utils.tracking.client import open_client

from . import leftovers

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO

    from .recorded_code import Code
    from .recorded_inputs import Input

_LARGE = 10**9
"""Bytes from which on an input is linked to, and not copied."""
# A repository that only an earlier version of this package commits to: nothing of the user's configuration takes part.
_CONFIGURATION = {
    "user.name": "jupyter-utils reproduce",
    "user.email": "reproduce@localhost",
    "core.hooksPath": "/dev/null",
    "commit.gpgSign": "false",
    "core.autocrlf": "false",
    "core.excludesFile": "/dev/null",
    "core.attributesFile": "/dev/null",
}


@dataclass(frozen=True)
class WorkFolder:
    """Where one run is run again."""

    path: Path
    held: IO[bytes] | None = field(default=None, compare=False, repr=False)
    """Open while the folder is in use."""

    @property
    def spool(self) -> Path:
        """The kernel's spool."""
        return self.path / "spool"

    @property
    def store(self) -> str:
        """The address of the MLflow in it."""
        return sqlite_uri(self.path / "mlflow" / "mlflow.db")

    @property
    def jupyter(self) -> Path:
        """What the kernel keeps for itself."""
        return self.path / "jupyter"

    def place(self, absolute: Path) -> Path:
        """Return where a file or folder lies in here that lay at an absolute path.

        >>> from pathlib import Path
        >>> WorkFolder(Path("/w")).place(Path("/home/me/x.csv"))
        PosixPath('/w/root/home/me/x.csv')
        """
        return self.path / "root" / absolute.relative_to("/")

    def as_it_lay(self, text: str) -> str:
        """Return a text with the paths that things in here had before.

        >>> from pathlib import Path
        >>> WorkFolder(Path("/w")).as_it_lay("read /w/root/home/me/x.csv")
        'read /home/me/x.csv'
        """
        for folder in dict.fromkeys((str(self.path), str(self.path.resolve()))):
            text = text.replace(f"{folder}/root/", "/")
        return text

    def lay_code(self, code: Code) -> list[str]:
        """Write the code, recorded files first, and then what else its commit has; all of it is one commit here.

        Returns:
            what could not be laid out.
        """
        root = self.place(code.root)
        root.mkdir(parents=True, exist_ok=True)
        for file in code.files:
            if file.content is not None:
                self._write(file.place, file.content)
        left = code.commit.write(root) if code.commit else []
        _commit(root)
        return [f"{name} of the commit is a link that leads out of it" for name in left]

    def lay_inputs(self, inputs: list[Input]) -> None:
        """Put the inputs to where they lay; very large ones as links."""
        for one in inputs:
            target = self.place(one.place)
            if one.content is not None:
                self._write(one.place, one.content)
            elif one.source is not None:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.unlink(missing_ok=True)
                if one.source.stat().st_size >= _LARGE:
                    target.symlink_to(one.source.absolute())
                else:
                    copy_file(one.source, target)

    def lay_data(self, data: Path, beside: Path) -> None:
        """Put a folder's files beside a notebook, where nobody knows which of them it read."""
        for source in sorted(data.rglob("*")):
            target = self.place(beside) / source.relative_to(data)
            if source.is_file() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                copy_file(source, target)

    def _write(self, place: Path, content: bytes) -> None:
        target = self.place(place)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def remove(self) -> None:
        """Remove it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.let_go()

    def keep(self) -> None:
        """Let it stay until its user removes it."""
        leftovers.keep(self.path)
        self.let_go()

    def let_go(self) -> None:
        """Hold it no more."""
        if self.held:
            self.held.close()


def new_folder(run: str) -> WorkFolder:
    """Make a work folder in the user's cache, which nobody else uses.

    Raises:
        ReproduceError: the disk does not take it.
    """
    name = f"{re.sub(r'[^0-9A-Za-z-]', '', run)[:40]}-{secrets.token_hex(4)}"
    found = WorkFolder(leftovers.place() / name)
    try:
        found.path.mkdir(parents=True, mode=0o700)
        for folder in (found.path / "mlflow", found.spool, found.jupyter / "runtime", found.path / "root"):
            folder.mkdir(parents=True)
        found = replace(found, held=leftovers.hold(found.path))
    except OSError as error:
        raise ReproduceError(
            f"The work folder {found.path} cannot be made ({error}): make room, or let XDG_CACHE_HOME name another."
        ) from None
    _make_store(found.store)
    return found


def _make_store(uri: str) -> None:
    """Make an empty MLflow, without its words on how it makes tables."""
    logger = logging.getLogger("mlflow.store.db.utils")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        open_client(uri)
    finally:
        logger.setLevel(before)


def _commit(root: Path) -> None:
    """Make one commit of all that is there; without Git, or where it refuses, the folder is a plain one."""
    with suppress(GitError, OSError, subprocess.SubprocessError):
        git(root, "init", "-q", "--template=", "-b", "reproduction")
        for name, value in _CONFIGURATION.items():
            git(root, "config", name, value)
        (root / ".git" / "info").mkdir(exist_ok=True)
        # Before all other attributes: no filter of the user's is started.
        (root / ".git" / "info" / "attributes").write_text("* -filter -text -ident -working-tree-encoding\n")
        git(root, "add", "-A", "-f")
        git(root, "commit", "-q", "--allow-empty", "--no-verify", "-m", "The code of the run")
