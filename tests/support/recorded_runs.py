"""Entries of runs as `save_mlflow` leaves them, made by hand: what a plan finds in them needs no kernel."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from jupyter_utils.entries.entry import Entry, measure_files, write_entry
from jupyter_utils.runs.records.sealing import seal_tags

if TYPE_CHECKING:
    from pathlib import Path


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def notebook(*sources: str) -> bytes:
    cells = [
        {"cell_type": "code", "id": f"c{at}", "metadata": {}, "execution_count": None, "outputs": [], "source": one}
        for at, one in enumerate(sources)
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def recorded(  # noqa: PLR0913 - what a run may hold
    folder: Path,
    root: Path,
    files: dict[str, bytes],
    *,
    rows: dict[str, dict[str, Any]] | None = None,
    records: dict[str, Any] | None = None,
    tags: dict[str, str] | None = None,
    sealed: bool = True,
) -> Path:
    """Write an entry; the first of `files` (path below `root` -> content) is its notebook.

    `rows` change what `code.json` says of a file; one that is not kept has `kept: False` there. `records` are further
    files below `jupyter_utils/`.
    """
    entry = folder / "000000000000001-0123456789abcdef"
    own = entry / "artifacts" / "jupyter_utils"
    listed = []
    for at, (name, content) in enumerate(files.items()):
        role = "notebook" if at == 0 else "module"
        row = {"path": name, "role": role, "sha256": sha256(content), "state": "committed", "kept": True}
        listed.append(row | (rows or {}).get(name, {}))
        if listed[-1]["kept"]:
            place = own / "code" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(listed[-1].pop("text", content))
    own.mkdir(parents=True, exist_ok=True)
    every = {"code.json": {"format": 1, "root": str(root), "files": listed}} | (records or {})
    for name, data in every.items():
        (own / name).write_text(json.dumps(data), encoding="utf-8")
    said = {"jupyter_utils.notebook.path": str(root / next(iter(files)))} | (tags or {})
    measured = measure_files(entry)
    if sealed:
        said |= seal_tags(entry.name, {one.path: one.sha256 for one in measured}, said)
    write_entry(Entry("exp", 1, "one", tags=said, files=measured, id=entry.name, uri="http://127.0.0.1:9"), entry)
    return entry
