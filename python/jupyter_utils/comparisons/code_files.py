"""The code of a run: from the run itself, else from its commit where a repository on this machine has it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.artifacts.names import name_problem
from jupyter_utils.errors import JupyterUtilsError
from jupyter_utils.repository.git import ask

if TYPE_CHECKING:
    from .sides import Side

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MOST_BYTES = 20 * 2**20


@dataclass(frozen=True)
class CodeFile:
    """One file: its digest, and where its text can be read (`kept`: a file of the run); None: the digest is all."""

    path: str
    role: str
    sha256: str
    kept: str | None = None
    content: bytes | None = None


@dataclass(frozen=True)
class Code:
    """All of one run; `note` says where it is from, or why it is not known."""

    side: Side
    files: dict[str, CodeFile] = field(default_factory=dict)
    note: str = ""

    def text(self, path: str) -> str | None:
        """Return a file's text; None where only its digest is known, or it is no text."""
        file = self.files[path]
        content = file.content
        if content is None and file.kept and self.side.sizes.get(file.kept, _MOST_BYTES + 1) <= _MOST_BYTES:
            content = self.side.own_content(file.kept)
        if content is None or b"\0" in content:
            return None
        return content.decode("utf-8", errors="replace")

    def notebooks(self) -> list[str]:
        """Return the paths of the notebooks."""
        return [path for path, file in self.files.items() if file.role == "notebook"]


def code_of(side: Side) -> Code:
    """Find the code of a run."""
    record = side.record("code.json")
    if record is not None:
        rows = [one for one in record.get("files", []) if isinstance(one, dict)]
        return Code(side, {file.path: file for row in rows if (file := _recorded(row))})
    return _committed(side)


def _recorded(row: dict[str, Any]) -> CodeFile | None:
    path, digest = row.get("path"), row.get("sha256")
    if not isinstance(path, str) or not isinstance(digest, str):
        return None
    name = str(row.get("kept_as") or path)
    kept = f"{OWN_FOLDER}/code/{name}" if row.get("kept") and not name_problem(name) else None
    return CodeFile(path, str(row.get("role", "")), digest, kept)


def _committed(side: Side) -> Code:
    """Read the notebook from the commit that the run names, if its repository is still where it was."""
    commit = side.tags.get("mlflow.source.git.commit", "")
    notebook = side.tags.get("jupyter_utils.notebook.path", "")
    if not commit:
        return Code(side, note="the run holds no code, and names no commit")
    if not _COMMIT.fullmatch(commit) or not notebook or not Path(notebook).parent.is_dir():
        return Code(side, note=f"the run holds no code; its commit {commit[:12]} is not at hand")
    folder = Path(notebook).parent
    try:
        path = str(PurePosixPath(ask(folder, "rev-parse", "--show-prefix"), Path(notebook).name))
        text = ask(folder, "cat-file", "blob", f"{commit}:{path}")
    except (JupyterUtilsError, OSError):
        return Code(side, note=f"the run holds no code; its commit {commit[:12]} is not in {folder} any more")
    content = text.encode("utf-8", errors="surrogateescape")
    file = CodeFile(path, "notebook", hashlib.sha256(content).hexdigest(), None, content)
    return Code(side, {path: file}, f"from commit {commit[:12]}, which has the notebook; modules are not known")
