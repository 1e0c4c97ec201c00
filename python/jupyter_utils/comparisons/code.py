"""The code of two runs: notebooks by cell, scripts and modules by line, cells as they ran, and arguments."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.errors import CompareError

from .comparison import Row, Section, section
from .notebooks import compare_cells, read_notebook
from .pairs import compare_pairs, flat
from .texts import compare_texts
from .verdict import Verdict

if TYPE_CHECKING:
    from .code_files import Code, CodeFile
    from .sides import Side

_DIFFERENCES = ("notebook.diff", "script.diff", "ran.diff")


def compare_code(a: Code, b: Code) -> Section:
    """Compare every file that either run holds; the commit, where that is all that is known."""
    rows = [_file(path, other, a, b) for path, other in paired(a, b)]
    if not (a.files and b.files and "code.json" in _records(a.side) and "code.json" in _records(b.side)):
        rows = [_commit(a.side, b.side), *rows, *_differences(a.side, b.side)]
    rows += [*_order(a.side, b.side), *_call(a.side, b.side)]
    notes = [f"{name}: {one.note}" for name, one in (("A", a), ("B", b)) if one.note]
    if a.notebooks() and b.notebooks() and importlib.util.find_spec("nbdime") is None:
        notes.append(
            "nbdime is not installed (the group lab brings it): cells were brought together by their text alone"
        )
    return section("code", rows, notes)


def paired(a: Code, b: Code) -> list[tuple[str | None, str | None]]:
    """Return which files belong together: those of one path; and the notebook, if each has one, whatever its name."""
    pairs: list[tuple[str | None, str | None]] = []
    one, other = a.notebooks(), b.notebooks()
    renamed = len(one) == len(other) == 1 and one != other
    if renamed:
        pairs.append((one[0], other[0]))
    taken = {one[0], other[0]} if renamed else set()
    paths = [path for path in dict.fromkeys([*a.files, *b.files]) if path not in taken]
    return pairs + [(path if path in a.files else None, path if path in b.files else None) for path in paths]


def _file(path: str | None, other: str | None, a: Code, b: Code) -> Row:
    name = path if path == other or other is None else other if path is None else f"{path} → {other}"
    one, two = a.files.get(path or ""), b.files.get(other or "")
    shown = (_shown(one), _shown(two))
    if one is None or two is None:
        # Where only a commit's notebook is known, the other files are not missing.
        sure = not (a if one is None else b).note
        only = f"only in {'B' if one is None else 'A'}"
        return Row(str(name), Verdict.DIFFERS if sure else Verdict.UNKNOWN, *shown, note=only if sure else "not known")
    if one.sha256 == two.sha256:
        return Row(str(name), Verdict.SAME, *shown)
    texts = (a.text(one.path), b.text(two.path))
    if texts[0] is None or texts[1] is None:
        return Row(str(name), Verdict.DIFFERS, *shown, "by digest alone: a run does not hold the text")
    notebooks = [read_notebook(text or "") for text in texts] if one.role == two.role == "notebook" else [None, None]
    if notebooks[0] is not None and notebooks[1] is not None:
        found = compare_cells(notebooks[0], notebooks[1])
    else:
        found = compare_texts(texts[0], texts[1])
    return Row(str(name), found.verdict, *shown, found.said, "", found.details)


def _shown(file: CodeFile | None) -> str:
    return f"{file.role} {file.sha256[:12]}" if file else ""


def _records(side: Side) -> set[str]:
    return {path.removeprefix(f"{OWN_FOLDER}/") for path in side.sizes if path.startswith(f"{OWN_FOLDER}/")}


def _commit(a: Side, b: Side) -> Row:
    commits = [one.tags.get("mlflow.source.git.commit", "") for one in (a, b)]
    verdict = Verdict.SAME if commits[0] == commits[1] else Verdict.DIFFERS
    verdict = verdict if all(commits) else Verdict.UNKNOWN
    return Row("commit", verdict, commits[0][:12], commits[1][:12])


def _differences(a: Side, b: Side) -> list[Row]:
    """Compare what the runs say that differed from their commits."""
    rows = []
    for name in _DIFFERENCES:
        path = f"{OWN_FOLDER}/{name}"
        texts = [one.own_content(path).decode(errors="replace") if path in one.sizes else "" for one in (a, b)]
        if any(texts):
            found = compare_texts(texts[0], texts[1])
            shown = ["differs from its commit" if text else "" for text in texts]
            rows.append(Row(name, found.verdict, shown[0], shown[1], found.said, "", found.details))
    return rows


def _order(a: Side, b: Side) -> list[Row]:
    """Compare the cells as they really ran, where both runs know."""
    records = [_record(one, "cells.json") for one in (a, b)]
    if records[0] is None or records[1] is None:
        return []
    sources = ["\n".join(_ran(one or {})) for one in records]
    found = compare_texts(sources[0], sources[1])
    orders = [str(one.get("order", "")) for one in records if one]
    said = "" if found.verdict is Verdict.SAME else found.said
    name = "cells in the order in which they ran"
    return [Row(name, found.verdict, orders[0], orders[1], said, "", found.details)]


def _ran(record: dict[str, Any]) -> list[str]:
    cells = [one for one in record.get("cells", []) if isinstance(one, dict)]
    return [f"# ---- {number} ----\n{one.get('source', '')}" for number, one in enumerate(cells, 1)]


def _call(a: Side, b: Side) -> list[Row]:
    """Compare a script's arguments, and what papermill had injected."""
    calls = [_arguments(_record(one, "call.json") or {}) for one in (a, b)]
    return compare_pairs(calls[0], calls[1])


def _arguments(record: dict[str, Any]) -> dict[str, Any]:
    papermill = record.get("papermill")
    found = {"arguments": record["arguments"]} if record.get("arguments") else {}
    injected = papermill.get("parameters") if isinstance(papermill, dict) else None
    return flat(found) | (flat(injected, "papermill") if injected else {})


def _record(side: Side, name: str) -> dict[str, Any] | None:
    try:
        return side.record(name)
    except CompareError:
        return None
