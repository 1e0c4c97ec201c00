"""The files that a run read: from where they lay, from a folder that is given, or from the run's own `dataset/`."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from jupyter_utils.kernels.inputs.digests import Digests
from jupyter_utils.machine.urls import sqlite_file

from .plan import Finding, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .original import Original
    from .recorded_code import Code

_NAMED_CELLS = 8


@dataclass(frozen=True)
class Input:
    """A file that was read.

    Attributes:
        place: where it lay, absolute.
        source: a file with its content; None where there is none.
        content: its bytes, where they come from a commit.
        finding: what is to be said of it; None where it is exactly what it was.
    """

    place: Path
    source: Path | None
    content: bytes | None = None
    finding: Finding | None = None


def inputs_of(original: Original, code: Code, data: Path | None) -> tuple[list[Input], list[Finding]]:
    """Find what a run read, and say what is not as it was.

    Args:
        original: the run.
        code: its code.
        data: a folder in which files are looked for that do not lie where they lay.
    """
    record = original.record("inputs.json")
    if not record:
        return [], [Finding(Status.UNKNOWN, "the run does not say which files it read", _no_record(data))]
    ran = {file.place for file in code.files if file.content is not None}
    rows = [row for row in record.get("files", []) if isinstance(row, dict)]
    ran |= {database} if (database := sqlite_file(original.uri)) else set()
    found = [_input(row, code, data, original) for row in rows if _place(row, code.root) not in ran]
    return found, [*(one.finding for one in found if one.finding), *_general(record)]


def _no_record(data: Path | None) -> str:
    return "" if data else "--data FOLDER lays a folder's files beside the notebook"


def _general(record: dict[str, Any]) -> Iterator[Finding]:
    if record.get("complete") is False:
        why = record.get("partial") or ""
        words = "; ".join(map(str, why)) if isinstance(why, list) else str(why)
        yield Finding(Status.UNKNOWN, f"not all that was read is known{f' ({words[:200]})' if words else ''}")
    for one in record.get("hub", []):
        if isinstance(one, dict):
            revision = f"at revision {str(one['revision'])[:12]}" if one.get("revision") else "at an unknown revision"
            yield Finding(Status.UNKNOWN, f"{one.get('kind')} {one.get('repository')} {revision}: the code asks for it")


def _place(row: dict[str, Any], root: Path) -> Path:
    """Return the name by which it was opened; links are not followed."""
    return root / str(row.get("path", ""))


def _input(row: dict[str, Any], code: Code, data: Path | None, original: Original) -> Input:
    place = _place(row, code.root)
    if not place.is_absolute() or ".." in place.parts:
        return Input(place, None, None, Finding(Status.MISSING, f"{str(place)!r} is no absolute path"))
    for candidate in _candidates(row, place, code.root, data):
        if matches(candidate, row):
            return Input(place, candidate)
    content = _committed(place, code)
    if content is not None and hashlib.sha256(content).hexdigest() == row.get("sha256"):
        return Input(place, None, content)
    if kept := _kept(row, original):
        return Input(place, kept)
    return _not_exact(row, place, code, data)


def _candidates(row: dict[str, Any], place: Path, root: Path, data: Path | None) -> Iterator[Path]:
    """Yield files that may be it, the likeliest first."""
    yield from dict.fromkeys((place, Path(str(row.get("on_disk") or place))))
    if data is None:
        return
    inside = place.relative_to(root) if place.is_relative_to(root) else Path(place.name)
    yield from (data / inside, data / place.name)
    yield from (file for file in sorted(data.rglob("*")) if _size(file) == row.get("size"))


def _size(file: Path) -> int | None:
    with suppress(OSError):
        return file.stat().st_size if file.is_file() else None
    return None


def matches(file: Path, row: dict[str, Any]) -> bool:
    """Tell whether a file is the one of a record; its size first, which costs nothing."""
    if _size(file) is None or (row.get("size") is not None and _size(file) != row["size"]):
        return False
    with suppress(OSError):
        if row.get("sha256"):
            with file.open("rb") as opened:
                return hashlib.file_digest(opened, "sha256").hexdigest() == str(row["sha256"])
        return bool(row.get("sampled")) and Digests().take(str(file))[1].value == row["sampled"]
    return False


def _note(row: dict[str, Any]) -> str:
    return str(row.get("note") or "")


def _committed(place: Path, code: Code) -> bytes | None:
    if code.commit is None or not place.is_relative_to(code.root):
        return None
    return code.commit.content(place.relative_to(code.root).as_posix())


def _kept(row: dict[str, Any], original: Original) -> Path | None:
    """Return the file where the run stores the same bytes among its values."""
    same = [name for name, file in original.side.files.items() if row.get("sha256") and file.sha256 == row["sha256"]]
    return original.side.bring(same[0]) if same else None


def _not_exact(row: dict[str, Any], place: Path, code: Code, data: Path | None) -> Input:
    """Describe a file that is another by now, or is nowhere."""
    inside = place.relative_to(code.root) if place.is_relative_to(code.root) else Path(place.name)
    near = [file for file in ([data / inside, data / place.name] if data else []) if file.is_file()]
    there = next(iter([*near, *([place] if place.is_file() else [])]), None)
    known = row.get("sha256") or row.get("sampled")
    if not known:
        reason = (
            f"{_shown(place, code)}: what was read is not known ({_note(row) or 'no digest'}); {_readers(row, code)}"
        )
        return Input(place, there, None, Finding(Status.UNKNOWN, reason))
    remedy = f"--data FOLDER with the file as it was (SHA-256 {str(known)[:12]}..., {row.get('size')} bytes)"
    if there is None:
        reason = f"{_shown(place, code)} is nowhere; {_readers(row, code)}"
        # A program that it started may make the file again, before it is removed again.
        blocks = "removed by this" not in _note(row)
        return Input(place, None, None, Finding(Status.MISSING, reason, remedy, blocks=blocks))
    reason = f"{_shown(place, code)} is another than it was; {_readers(row, code)}"
    return Input(place, there, None, Finding(Status.APPROXIMATE, reason, remedy))


def _shown(place: Path, code: Code) -> str:
    return PurePosixPath(place.relative_to(code.root) if place.is_relative_to(code.root) else place).as_posix()


def _readers(row: dict[str, Any], code: Code) -> str:
    cells = row.get("cells") or []
    if not cells:
        is_script = code.main is not None and code.main.role == "script"
        return "the script read it" if is_script else "which cells read it is not known"
    named = ", ".join(f"[{cell}]" for cell in cells[:_NAMED_CELLS])
    return f"cells that read it: {named}" + (" and more" if len(cells) > _NAMED_CELLS else "")
