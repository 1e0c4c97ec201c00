"""The code of a run as files in it: notebook, twins, script, and each module of the user's that ran, as it ran."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.artifacts.names import name_problem
from jupyter_utils.entries.entry import ARTIFACTS
from jupyter_utils.kernels.private import is_private
from jupyter_utils.kernels.sources import Source, executed_sources, watched_since
from jupyter_utils.machine.masking import masked
from jupyter_utils.notebook import FileCell, changed_since_start, find_twins, read_content
from jupyter_utils.repository import file_states

from .masked_notebook import masked_notebook
from .recorded import Recorded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FOLDER = f"{OWN_FOLDER}/code"
FILE = f"{OWN_FOLDER}/code.json"
TAG = "jupyter_utils.code.differs"
MOST_BYTES = 20 * 2**20
_FORMAT = 1
_NAMED_AT_MOST = 10
_PRIVATE = (
    "The text and the outputs of %%private cells are kept in no run; what other cells print of their values is kept, "
    "unless it looks like a credential."
)


@dataclass(frozen=True)
class CodeFile:
    """A file of the code, as it ran.

    Attributes:
        path: on disk, absolute.
        role: "notebook", "twin", "script" or "module"; "read" for Python text that a cell opened, perhaps for `exec`.
        sha256: of the bytes that ran, in hex.
        content: these; None where there are only digests.
        state: what the commit that is checked out says of it (`repository.State`).
        note: what else a reader must know; empty if nothing.
    """

    path: Path
    role: str
    sha256: str
    content: bytes | None
    state: str
    note: str = ""


def record_code(notebook: Path | None, script: Path | None, directory: Path) -> Recorded:
    """Keep the code among the run's artifacts: files below `jupyter_utils/code/`, listed in `jupyter_utils/code.json`.

    Called after the commit, if there is one. What looks like a credential is masked in what is kept; what Git ignores,
    and what comes after the first 20 MB, is named by its path and digest, and not kept.

    Args:
        notebook: the calling notebook; None in a script.
        script: the file that runs as `__main__`; None where there is none.
        directory: the run's entry.
    """
    files = _files(notebook, find_twins(notebook) if notebook else [], script)
    private = notebook is not None and any(is_private(cell.source) for cell in _cells(notebook))
    root = _root(notebook or script, files)
    rows, left = [], MOST_BYTES
    for file in files:
        row = _row(file, root)
        text = _kept(file, row, left, private=private)
        if text is not None:
            left -= len(text)
            place = directory / ARTIFACTS / FOLDER / row.get("kept_as", row["path"])
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text)
        rows.append(row)
    data = {"format": _FORMAT, "root": str(root), "watched_since": watched_since(), "files": rows}
    path = directory / ARTIFACTS / FILE
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8", errors="surrogateescape")
    found = _recorded(files, root)
    return replace(found, warnings=(*found.warnings, _PRIVATE)) if private else found


def _files(notebook: Path | None, twins: Sequence[Path], script: Path | None) -> list[CodeFile]:
    """Return what is the run's code, the notebook first."""
    given = {path.resolve(): role for path, role in _named(notebook, twins, script) if path.is_file()}
    sources = {source.path.resolve(): source for source in executed_sources()}
    states = file_states([*given, *sources])
    found = [_on_disk(path, role, states[path], sources.get(path)) for path, role in given.items()]
    return found + [_ran(source, states[path]) for path, source in sources.items() if path not in given]


def _named(notebook: Path | None, twins: Sequence[Path], script: Path | None) -> Iterable[tuple[Path, str]]:
    if script:
        yield script, "script"
    if notebook:
        yield notebook, "notebook"
    yield from ((twin, "twin") for twin in twins)


def _on_disk(path: Path, role: str, state: str, source: Source | None) -> CodeFile:
    if role == "script" and source and source.content is not None:
        return _ran(source, state, role)
    content = path.read_bytes()
    return CodeFile(path, role, hashlib.sha256(content).hexdigest(), content, state)


def _ran(source: Source, state: str, role: str = "") -> CodeFile:
    notes = []
    if source.earlier:
        notes.append(f"{len(source.earlier)} earlier text(s) of it ran before")
    if role == "script":  # it was started before anything could look on; its time says whether that matters
        notes += ["changed after it had been started"] if changed_since_start(source.path) else []
    elif source.late:
        notes.append("read after it had been imported")
    if source.changed:
        notes.append("changed since it ran")
        state = "changed" if state == "committed" else state
    role = role or ("module" if source.executed else "read")
    return CodeFile(source.path.resolve(), role, source.sha256, source.content, state, "; ".join(notes))


def _root(main: Path | None, files: Sequence[CodeFile]) -> Path:
    """Return the folder from which paths are told: the work tree, else the notebook's own folder."""
    start = (main or (files[0].path if files else Path.cwd() / "x")).resolve()
    return next((folder for folder in start.parents if (folder / ".git").exists()), start.parent)


def _row(file: CodeFile, root: Path) -> dict[str, Any]:
    """Describe a file; `path` is relative to the root, or below `elsewhere/` for one that lies outside of it."""
    inside = file.path.is_relative_to(root)
    path = file.path.relative_to(root) if inside else Path("elsewhere", *file.path.parts[1:])
    row: dict[str, Any] = {"path": str(PurePosixPath(path)), "role": file.role, "sha256": file.sha256}
    row |= {"state": file.state, "kept": False}
    if name_problem(row["path"]):  # what MLflow cannot have in a name
        row["kept_as"] = f"odd names/{file.sha256[:16]}{file.path.suffix}"
    return row | ({"note": file.note} if file.note else {}) | ({} if inside else {"on_disk": str(file.path)})


def _cells(notebook: Path) -> Sequence[FileCell]:
    content = read_content(notebook)
    return content.cells if content else ()


def _kept(file: CodeFile, row: dict[str, Any], left: int, *, private: bool) -> bytes | None:
    """Return what is kept of a file, and note in its row that it is, or why not."""
    why = ""
    if file.state == "ignored" and file.role not in {"notebook", "script"}:
        why = "Git ignores it"
    elif private and file.role in {"notebook", "twin"} and file.path.suffix != ".ipynb":
        why = "the notebook has cells that are private"
    elif file.content is None:
        why = "no text, or too large"
    elif len(file.content) > left:
        why = f"all code together is more than {MOST_BYTES // 2**20} MB"
    if why or file.content is None:
        row["left_out"] = why
        return None
    text = file.content.decode("utf-8", errors="surrogateescape")
    shown = masked_notebook(text) if file.path.suffix == ".ipynb" else masked(text)
    row |= {"kept": True} | ({"masked": True} if shown != text else {})
    return shown.encode("utf-8", errors="surrogateescape")


def _recorded(files: Sequence[CodeFile], root: Path) -> Recorded:
    """Say which of the modules are in no commit as they ran: the commonest cause of a run that does not come again."""
    modules = [file for file in files if file.role in {"module", "read"}]
    differing = [file for file in modules if file.state != "committed"]
    if not modules:
        return Recorded({})
    tags = {TAG: "true" if differing else "false"}
    missing = [file for file in differing if file.role == "module"]
    if not missing:
        return Recorded(tags)
    names = ", ".join(f"{_shown(file, root)} ({file.state})" for file in missing[:_NAMED_AT_MOST])
    more = f" and {len(missing) - _NAMED_AT_MOST} more" if len(missing) > _NAMED_AT_MOST else ""
    kept = "the run keeps the text that ran" if all(file.content for file in missing) else f"see {FILE}"
    return Recorded(tags, (f"Code that ran is not in the commit: {names}{more}; {kept}.",))


def _shown(file: CodeFile, root: Path) -> str:
    return str(file.path.relative_to(root)) if file.path.is_relative_to(root) else str(file.path)
