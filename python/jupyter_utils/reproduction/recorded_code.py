"""The code of a run, file by file: from the run, from its commit where that is at hand, or from where it still lies.

Each file counts only if its SHA-256 is the recorded one. What the run keeps without its credentials is taken last.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from jupyter_utils.errors import ReproduceError
from jupyter_utils.repository import find_commit

from .plan import Finding, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_utils.repository import StoredCommit

    from .original import Original

_LARGEST = 64 * 2**20
MAIN = ("notebook", "script")


@dataclass(frozen=True)
class CodeFile:
    """A file of the code.

    Attributes:
        place: where it lay, absolute.
        role: what `jupyter_utils/code.json` calls it.
        content: its bytes; None where nobody has them.
        origin: where these come from, for people.
        finding: what is to be said of it; None where it is exactly what it was.
    """

    place: Path
    role: str
    content: bytes | None
    origin: str = ""
    finding: Finding | None = None


@dataclass(frozen=True)
class Code:
    """All of it.

    Attributes:
        root: the folder from which it is laid out: the work tree, or the notebook's folder.
        main: the notebook or script; None where the run names none.
        files: what was recorded.
        commit: the commit of the run, where a repository here has it.
        commit_root: the folder that the commit's files are of.
    """

    root: Path
    main: CodeFile | None
    files: tuple[CodeFile, ...]
    commit: StoredCommit | None = None
    findings: tuple[Finding, ...] = field(default=())


def code_of(original: Original, *, near: Path | None = None) -> Code:
    """Find the code of a run.

    Args:
        original: the run.
        near: a folder whose repository may have the commit, too: a clone elsewhere.
    """
    record = original.record("code.json")
    if not record:
        return _of_commit(original, near)
    root = _absolute(record.get("root"), original)
    commit = _commit(original, [root, *([near] if near else [])])
    files = tuple(_file(row, root, commit, original) for row in record.get("files", []) if isinstance(row, dict))
    main = _main(original, files)
    found = [one.finding for one in files if one.finding and one.role != "twin"]
    if main is None:
        found.append(Finding(Status.MISSING, "the run names no notebook and no script", blocks=True))
    return Code(root, main, files, commit, (*found, *_elsewhere(original, root, commit)))


def _main(original: Original, files: tuple[CodeFile, ...]) -> CodeFile | None:
    """Return what is executed: the calling notebook, else the script."""
    named = original.tag("notebook.path")
    found = [one for one in files if one.role in MAIN]
    exact = [one for one in found if str(one.place) == named]
    return next(iter([*exact, *sorted(found, key=lambda one: MAIN.index(one.role))]), None)


def _commit(original: Original, folders: list[Path]) -> StoredCommit | None:
    sha = original.tags.get("mlflow.source.git.commit", "")
    return next((found for folder in folders if (found := find_commit(folder, sha))), None) if sha else None


def _elsewhere(original: Original, root: Path, commit: StoredCommit | None) -> Iterator[Finding]:
    """Say what of the commit, besides the code that was recorded, cannot be had."""
    sha = original.tags.get("mlflow.source.git.commit", "")
    if sha and commit is None:
        yield Finding(
            Status.UNKNOWN,
            f"the commit {sha[:10]} is in no repository at {root}: what of it the run did not record is not there",
            "run the command inside of a clone that has the commit",
        )


def _file(row: dict[str, Any], root: Path, commit: StoredCommit | None, original: Original) -> CodeFile:
    path, role, digest = str(row.get("path", "")), str(row.get("role", "")), str(row.get("sha256", ""))
    place = _absolute(row.get("on_disk") or str(root / path), original)
    kept = original.own(f"code/{row.get('kept_as') or path}") if row.get("kept") else None
    inside = place.relative_to(root).as_posix() if place.is_relative_to(root) else ""
    if kept is not None and _is(kept, digest):
        return CodeFile(place, role, kept, "the run", _noted(row, place))
    content = commit.content(inside) if commit and inside else None
    if content is not None and _is(content, digest):
        return CodeFile(place, role, content, f"commit {commit.sha[:10] if commit else ''}", _noted(row, place))
    content = _on_disk(place)
    if content is not None and _is(content, digest):
        return CodeFile(place, role, content, "where it lies", _noted(row, place))
    return _not_exact(row, place, role, kept)


def _not_exact(row: dict[str, Any], place: Path, role: str, kept: bytes | None) -> CodeFile:
    """Describe a file whose bytes nobody has: what is kept of it, or nothing."""
    why = str(row.get("left_out") or "the run does not hold it as it was")
    remedy = f"put the file with SHA-256 {str(row.get('sha256', ''))[:12]}... back to {place}, or give the commit"
    if kept is None:
        finding = Finding(Status.MISSING, f"{place.name} ({why})", remedy, blocks=role != "twin")
        return CodeFile(place, role, None, "", finding)
    if row.get("masked"):
        reason = (
            f"{place.name}: what looked like a credential, or was private, is left out of the text that the run keeps"
        )
        return CodeFile(place, role, kept, "the run, masked", Finding(Status.MISSING, reason, remedy))
    finding = Finding(Status.MISSING, f"{place.name} was changed in the run's artifacts", remedy, blocks=True)
    return CodeFile(place, role, None, "", finding)


def _noted(row: dict[str, Any], place: Path) -> Finding | None:
    """Say what the record says of a file besides: an earlier text of it ran, too."""
    note = str(row.get("note") or "")
    if "earlier" in note:
        return Finding(Status.APPROXIMATE, f"{place.name}: {note}")
    return Finding(Status.UNKNOWN, f"{place.name}: {note}") if "after it had" in note else None


def _of_commit(original: Original, near: Path | None) -> Code:
    """Find what there is of a run that recorded no code: its commit, and what that has of the notebook."""
    named = original.tag("notebook.path") or original.tags.get("mlflow.source.name", "")
    place = Path(named)
    sha = original.tags.get("mlflow.source.git.commit", "")
    folders = ([place.parent] if place.is_absolute() else []) + ([near] if near else [])
    commit = _commit(original, folders)
    if commit is None or not named:
        reason = f"the run records no code, and its commit {sha[:10] or '(none)'} is in no repository at hand"
        finding = Finding(Status.MISSING, reason, "run the command inside of a clone that has the commit", blocks=True)
        return Code(place.parent if place.is_absolute() else Path("/"), None, (), commit, (finding,))
    root, inside = _within(commit, place)
    content = commit.content(inside) if inside else None
    if content is None:
        finding = Finding(Status.MISSING, f"{place.name} is not in commit {sha[:10]}", blocks=True)
        return Code(root, None, (), commit, (finding,))
    role = "notebook" if original.tag("notebook.path") else "script"
    main = CodeFile(root / inside, role, content, f"commit {sha[:10]}")
    reason = "saved before runs recorded their code: whether what ran is what was committed is not known"
    return Code(root, main, (main,), commit, (Finding(Status.UNKNOWN, reason),))


def _within(commit: StoredCommit, place: Path) -> tuple[Path, str]:
    """Return the folder that was the work tree of a file, and the file's name in the commit."""
    if place.is_relative_to(commit.work_tree):
        return commit.work_tree, place.relative_to(commit.work_tree).as_posix()
    ends = [PurePosixPath(*place.parts[number:]).as_posix() for number in range(1, len(place.parts))]
    names = {one.path for one in commit.files()}
    inside = next((end for end in ends if end in names), "")
    root = Path(str(place)[: -len(inside) - 1] or "/") if inside and place.is_absolute() else commit.work_tree
    return root, inside


def _absolute(path: object, original: Original) -> Path:
    found = Path(str(path))
    if not found.is_absolute() or ".." in found.parts or "\0" in str(path):
        raise ReproduceError(f"The run {original.id} names the file {str(path)!r}, which is no absolute path.")
    return found


def _on_disk(place: Path) -> bytes | None:
    with suppress(OSError):
        return place.read_bytes() if place.is_file() and place.stat().st_size <= _LARGEST else None
    return None


def _is(content: bytes, digest: str) -> bool:
    return hashlib.sha256(content).hexdigest() == digest
