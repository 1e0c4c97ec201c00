"""The records of a run in plain words: of each subject what is recorded, what differs, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.machine.sizes import counted, size

from .records.recorded import UNRECORDED
from .staging import FAILED_TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Records = Mapping[str, Any]
    Tags = Mapping[str, str]
    Files = frozenset[str]

_NO_RECORD = (
    "this run has no record of it: an earlier version saved it, or JUPYTER_UTILS_RECORD_CODE was off, or it failed"
)
_SHOWN_COMMIT = 12
_OF_ENVIRONMENT = (f"{OWN_FOLDER}/recipe", f"{OWN_FOLDER}/overlay")
_STATES = {
    "changed": "the commit holds another text of it",
    "untracked": "it is in no commit",
    "ignored": "it is in no commit, since Git ignores it",
    "outside": "it lies in no repository",
}


@dataclass(frozen=True)
class Told:
    """What is recorded of a subject, in one line; what differs and what is missing, a sentence each."""

    recorded: str
    differs: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def general(tags: Tags) -> Told:
    """Tell what the tags say of the run as a whole."""
    differs, missing = [], []
    if tags.get("jupyter_utils.ran.differs") == "true":
        differs.append(f"cells ran otherwise than the notebook's file holds them: {OWN_FOLDER}/ran.diff")
    if tags.get("jupyter_utils.notebook.differs") == "true":
        differs.append(f"the notebook was not committed as it was: {OWN_FOLDER}/notebook.diff")
    if tags.get("jupyter_utils.script.differs") == "true":
        differs.append(f"the script was not committed as it was: {OWN_FOLDER}/script.diff")
    missing += [f"could not be saved: {line}" for line in tags.get(FAILED_TAG, "").splitlines()]
    if failed := tags.get(UNRECORDED):
        missing.append(f"could not be recorded: {failed}")
    if not tags.get("mlflow.source.git.commit"):
        missing.append("the run names no commit")
    return Told("", tuple(differs), tuple(missing))


def _code(records: Records, tags: Tags, _files: Files) -> Told | str:
    commit = tags.get("mlflow.source.git.commit", "")
    named = f"commit {commit[:_SHOWN_COMMIT]}" if commit else ""
    if "code" not in records:
        # The commit is the record of the code that every version has made.
        return (
            Told(f"{named}; no copy in the run", (), (f"the code that ran beside the commit: {_NO_RECORD}",))
            if (named)
            else _NO_RECORD
        )
    rows = records["code"]["files"]
    kept = sum(row["kept"] for row in rows)
    of = "" if kept == len(rows) else f"{kept} of "
    count = f"{of}{counted(len(rows), 'file')} kept in the run"
    differs, missing = [], []
    for row in rows:
        said = [_STATES[row["state"]]] if row["state"] in _STATES and row["role"] != "read" else []
        if row["state"] == "outside" and not commit:
            said = []  # that there is no commit is said once
        said += [row["note"]] if row.get("note") else []
        if said:
            differs.append(f"{row['path']} ({row['role']}): {'; '.join(said)}")
        if not row["kept"]:
            missing.append(f"{row['path']}: the run has its digest only ({row.get('left_out', 'unknown why')})")
        elif row.get("masked"):
            missing.append(f"{row['path']}: what looks like a credential is masked in the run's copy")
    return Told(", ".join(filter(None, (count, named))), tuple(differs), tuple(missing))


def _cells(records: Records, tags: Tags, _files: Files) -> Told | str:
    if "script" in records.get("call", {}) or tags.get("mlflow.source.type") == "LOCAL":
        return Told("")  # a script has none
    if "cells" not in records:
        return _NO_RECORD
    cells = records["cells"]["cells"]
    order = records["cells"]["order"]
    recorded = f"{len(cells)} executions: {order}"
    hidden = [one["number"] for one in cells if one["place"] != "in the notebook"]
    differs = []
    if order == "hidden":
        differs.append(_hidden(hidden))
    elif order == "out of order":
        differs.append("the cells did not run once each from top to bottom")
    if failed := _failed(cells):
        differs.append(f"{'a cell' if len(failed) == 1 else 'cells'} failed: {', '.join(failed)}")
    return Told(recorded, tuple(differs))


def _failed(cells: Sequence[dict[str, Any]]) -> list[str]:
    """Return the numbers of executions that failed, and were not made good by a later one of the same cell."""
    last = {one.get("position") if one.get("position") is not None else one["number"]: one for one in cells}
    return [f"[{one['number']}]" for one in last.values() if one.get("failed")]


def _hidden(numbers: Sequence[int]) -> str:
    shown = ", ".join(f"[{number}]" for number in numbers)
    if len(numbers) == 1:
        return f"cell {shown} is not in the notebook (any more) as it ran"
    return f"cells {shown} are not in the notebook (any more) as they ran"


def _call(records: Records, _tags: Tags, _files: Files) -> Told | str:
    if "call" not in records:
        return _NO_RECORD
    call = records["call"]
    parts = [f"call {call['number']} of its process"]
    if "cell" in call:
        parts.append(f"cell [{call['cell']['number']}], call {call['number_in_cell']} of it")
    if "script" in call:
        parts.append(" ".join([call["script"], *call.get("arguments", [])]))
    if "papermill" in call:
        given = ", ".join(f"{name}={value!r}" for name, value in call["papermill"]["parameters"].items())
        parts.append(f"papermill with {given or 'no parameters'}")
    return Told(", ".join([*parts, f"in {call['directory']}"]))


def _inputs(records: Records, tags: Tags, _files: Files) -> Told | str:
    if "inputs" not in records:
        return f"this run has no record of what it read ({tags.get('jupyter_utils.inputs', 'an earlier version')})"
    record = records["inputs"]
    files, hub = record.get("files", []), record.get("hub", [])
    total = size(sum(one.get("size") or 0 for one in files))
    named = [
        f"{one.get('kind', '')} {one.get('repository')} ({one.get('revision') or 'revision unknown'})" for one in hub
    ]
    differs = [f"{one['path']} has changed since it was read" for one in files if one.get("changed")]
    missing = [
        f"{one['path']}: no digest of what was read" for one in files if not (one.get("sha256") or one.get("sampled"))
    ]
    if not record.get("complete", True):
        why = "; ".join(record.get("partial", [])) or "unknown why"
        missing.append(f"not all inputs can be seen: {why}")
    return Told(
        "; ".join([f"{counted(len(files), 'file')} ({total})", *map(str.strip, named)]), tuple(differs), tuple(missing)
    )


def _machine(records: Records, tags: Tags, _files: Files) -> Told | str:
    if "machine" not in records:
        return "this run has no record of it: an earlier version saved it"
    record = records["machine"]
    parts = [tags.get("jupyter_utils.processor", ""), tags.get("jupyter_utils.gpus", "")]
    seeds = record.get("seeds")
    parts.append(f"seed {seeds['seed']}" if seeds else "")
    parts.append("deterministic" if (record.get("torch") or {}).get("deterministic") else "")
    missing = () if seeds else ("seeds: jupyter_utils.fix_seeds was not called, and random numbers vary by themselves",)
    return Told(", ".join(filter(None, parts)), (), missing)


def _environment(_records: Records, tags: Tags, files: Files) -> Told | str:
    own = {name.removeprefix("jupyter_utils."): value for name, value in tags.items()}
    if "python" not in own:
        return "this run has no record of it: save_mlflow did not store it"
    parts = [" ".join(filter(None, (own.get("base"), own.get("variant")))), f"Python {own['python']}"]
    parts += [own.get("store_path", ""), own.get("image", "")]
    parts += [own.get("environment", "")]
    # What another part of this package keeps of it, by the names of its files and tags.
    parts += [", ".join(sorted(name for name in files if name.startswith(_OF_ENVIRONMENT)))]
    differs = [f"{name} on top of the environment: {own[name]}" for name in ("overlay", "added") if name in own]
    differs += [f"{name}: {own[name]}" for name in sorted(own) if name.startswith("overlay.")]
    if own.get("pinned") == "false":
        differs.append("another Debian system stood in for the pinned one")
    if "working_tree" in own:
        differs.append(f"this package came from {own['working_tree']}")
    missing = [] if "lock" in own else ["the environment was not built from this project's lock"]
    missing += [f"the environment's recipe: {own[name]}" for name in ("recipe",) if name in own]
    return Told(", ".join(filter(None, parts)), tuple(differs), tuple(missing))


SUBJECTS: Mapping[str, Callable[[Records, Tags, Files], Told | str]] = {
    "code": _code,
    "cells": _cells,
    "call": _call,
    "inputs": _inputs,
    "machine": _machine,
    "environment": _environment,
}
"""What tells of each; a text instead is why nothing is known."""
