"""The files of a commit as Git has them, byte for byte: no filter, hook or attribute of anybody's is asked.

(Not `git archive`, which does what attributes say: leaves files out, writes into them, and starts the filters that the
user's configuration names.)
"""

from __future__ import annotations

import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from jupyter_utils.errors import JupyterUtilsError

from .git import GitError, ask, ask_code, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_PIECE = 2**20
_LINK, _MODULE = "120000", "160000"
# In no commit that Git itself has made.
_FORBIDDEN = {".git", "..", "."}


@dataclass(frozen=True)
class TreeFile:
    """One file of a commit: its path with slashes, its mode as Git writes it, and its object."""

    path: str
    mode: str
    object: str


@dataclass(frozen=True)
class StoredCommit:
    """A commit that a repository on this machine holds whole."""

    work_tree: Path
    sha: str

    def files(self) -> list[TreeFile]:
        """Return all files; submodules are none."""
        listed = ask(self.work_tree, "ls-tree", "-r", "-z", "--full-tree", self.sha)
        found = [_read(line) for line in listed.split("\0") if line]
        return [one for one in found if one.mode != _MODULE and _FORBIDDEN.isdisjoint(one.path.lower().split("/"))]

    def content(self, path: str) -> bytes | None:
        """Return the bytes of a file; None where the commit has none of that name."""
        listed = ask(self.work_tree, "ls-tree", "-z", "--full-tree", self.sha, "--", path).rstrip("\0")
        if not listed or _read(listed).path != path:
            return None
        command = ["git", "-C", str(self.work_tree), "cat-file", "blob", _read(listed).object]
        done = subprocess.run(command, capture_output=True, check=False, env=_environment())
        return done.stdout if done.returncode == 0 else None

    def write(self, folder: Path) -> list[str]:
        """Write all files below a folder, but those that are there already.

        Returns:
            the names of what was left out: links that lead out of the folder.

        Raises:
            GitError: Git does not give an object.
        """
        files = [one for one in self.files() if not (folder / one.path).exists()]
        left = []
        for one, content in zip(files, self._contents(files, folder), strict=True):
            target = folder / one.path
            target.parent.mkdir(parents=True, exist_ok=True)
            if one.mode != _LINK:
                content.replace(target)
                target.chmod(0o755 if one.mode == "100755" else 0o644)
            elif not _link(target, content.read_text(encoding="utf-8", errors="surrogateescape"), folder):
                left.append(one.path)
        return left

    def _contents(self, files: list[TreeFile], folder: Path) -> Iterator[Path]:
        """Yield a file with the content of each, which whoever asked may take."""
        command = ["git", "-C", str(self.work_tree), "cat-file", "--batch"]
        part = folder / f".{self.sha}.part"
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment()) as running:
            asked, told = running.stdin, running.stdout
            if asked is None or told is None:
                raise GitError(["cat-file"], "no pipe")
            for one in files:
                asked.write(f"{one.object}\n".encode("ascii"))
                asked.flush()
                answer = told.readline().split()
                if len(answer) != 3 or answer[1] != b"blob":  # noqa: PLR2004 - object, kind, size
                    raise GitError(["cat-file"], f"{one.path} of {self.sha} is not there")
                with part.open("wb") as target:
                    left = int(answer[2])
                    while left and (piece := told.read(min(left, _PIECE))):
                        target.write(piece)
                        left -= len(piece)
                told.read(1)
                yield part
            asked.close()
        part.unlink(missing_ok=True)


def find_commit(folder: Path, sha: str) -> StoredCommit | None:
    """Return a commit of the repository around a folder; None where there is no such repository or commit."""
    place = next((one for one in (folder, *folder.parents) if one.is_dir()), None)
    if place is None or not _SHA.fullmatch(sha) or shutil.which("git") is None:
        return None
    with suppress(JupyterUtilsError):  # nobody's repository, or another user's
        work_tree = Path(ask(place, "rev-parse", "--show-toplevel"))
        code, _ = ask_code(work_tree, "cat-file", "-e", f"{sha}^{{commit}}", ok=(0, 1, 128))
        return StoredCommit(work_tree, sha) if code == 0 else None
    return None


def _read(line: str) -> TreeFile:
    about, _, path = line.partition("\t")
    mode, _, name = about.split(" ")
    return TreeFile(path, mode, name)


def _link(target: Path, to: str, folder: Path) -> bool:
    """Make a link as it stands in the commit, unless it leads out of the folder."""
    leads = PurePosixPath(to)
    inside = not leads.is_absolute() and (target.parent / to).resolve().is_relative_to(folder.resolve())
    if inside:
        target.symlink_to(to)
    return inside


def _environment() -> dict[str, str]:
    """Return Git's environment; what a partial clone has not fetched stays where it is."""
    return environment() | {"GIT_NO_LAZY_FETCH": "1"}
