"""The runs that an execution has saved into its own MLflow, as entries; and which of them is the one to compare."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from jupyter_utils.adapters.mlflow_client import client
from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.entries.entry import ARTIFACTS, DatasetInput, Entry, measure_files, read_raw, write_entry
from jupyter_utils.errors import EntryError
from jupyter_utils.tracking.send import ENTRY_TAG

from .notebook_job import position_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .folder import WorkFolder
    from .original import Original

_CONTEXT = "mlflow.data.context"
_MOST = 1000
_WITH_PATHS = ("code.json", "inputs.json", "call.json")


@dataclass(frozen=True)
class Saved:
    """One run that was saved by the execution; its entry lies at `path`."""

    path: Path
    entry: Entry

    def record(self, name: str) -> dict[str, Any]:
        """Return one of its records; empty where there is none."""
        with suppress(OSError, ValueError):
            found = json.loads((self.path / ARTIFACTS / OWN_FOLDER / name).read_text(encoding="utf-8"))
            return found if isinstance(found, dict) else {}
        return {}


def saved_runs(folder: WorkFolder) -> list[Saved]:
    """Return what `save_mlflow` has saved, in the order of the calls; entries are made below `saved/`."""
    mlflow = client(folder.store)
    names = {one.experiment_id: one.name for one in mlflow.search_experiments()}
    runs = mlflow.search_runs(list(names), max_results=_MOST)
    found = [_entry(run, names[run.info.experiment_id], folder) for run in runs if ENTRY_TAG in run.data.tags]
    waiting = folder.spool / "entries"
    for path in sorted(waiting.iterdir()) if waiting.is_dir() else []:
        with suppress(EntryError):  # half written by a kernel that died
            found.append(Saved(path, read_raw(path)))
    return sorted(found, key=lambda one: one.entry.id)


def _entry(run: Any, experiment: str, folder: WorkFolder) -> Saved:
    path = folder.path / "saved" / run.data.tags[ENTRY_TAG]
    path.mkdir(parents=True)
    artifacts = Path(unquote(urlsplit(run.info.artifact_uri).path))
    if artifacts.is_dir():
        artifacts.rename(path / ARTIFACTS)
    else:
        (path / ARTIFACTS).mkdir()
    _tell_old_places(path / ARTIFACTS / OWN_FOLDER, folder)
    entry = Entry(
        experiment_name=experiment,
        start_time=run.info.start_time,
        run_name=run.info.run_name,
        params=dict(run.data.params),
        metrics=dict(run.data.metrics),
        tags={name: folder.as_it_lay(value) for name, value in run.data.tags.items() if name != ENTRY_TAG},
        files=measure_files(path),
        inputs=tuple(_input(one) for one in run.inputs.dataset_inputs),
        id=run.data.tags[ENTRY_TAG],
    )
    write_entry(entry, path)
    return Saved(path, entry)


def _tell_old_places(records: Path, folder: WorkFolder) -> None:
    """Let the records name the places where things lay, and not those in the work folder, which is gone soon."""
    for name in _WITH_PATHS:
        file = records / name
        with suppress(OSError):  # not every run has each
            content = file.read_text(encoding="utf-8", errors="surrogateescape")
            file.write_text(folder.as_it_lay(content), encoding="utf-8", errors="surrogateescape")
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        _tell_inputs_once(records)


def _tell_inputs_once(records: Path) -> None:
    """Let an input have one name: in a sandbox the code's folder is seen at its old place, too."""
    root = Path(json.loads((records / "code.json").read_text(encoding="utf-8"))["root"])
    file = records / "inputs.json"
    found = json.loads(file.read_text(encoding="utf-8"))
    rows: dict[str, Any] = {}
    for row in found["files"]:
        place = root / row["path"]
        inside = place.relative_to(root).as_posix() if place.is_relative_to(root) else row["path"]
        before = rows.setdefault(inside, row | {"path": inside})
        before["cells"] = sorted({*before.get("cells", []), *row.get("cells", [])})
    text = json.dumps(found | {"files": list(rows.values())}, ensure_ascii=False, indent=1)
    file.write_bytes(text.encode("utf-8", "backslashreplace"))  # as runs.records.inputs does


def _input(one: Any) -> DatasetInput:
    context = next((tag.value for tag in one.tags if tag.key == _CONTEXT), "dataset")
    path = ""
    with suppress(ValueError, KeyError, TypeError):
        path = str(json.loads(one.dataset.source)["uri"])
    return DatasetInput(one.dataset.name, one.dataset.digest, context, path)


def matching(original: Original, saved: Sequence[Saved], *, as_run: bool = False) -> Saved | None:
    """Return the run that is to be held against the original: by its cell, else by its names, else by its order.

    Args:
        original: the run.
        saved: those of the execution, in their order.
        as_run: the cells were replayed, so that their places are none of the notebook's.
    """
    call = original.record("call.json")
    wanted = _key(call, original.record("cells.json"))
    described = (original.experiment, original.side.facts.name)
    tests: list[Callable[[Saved], bool]] = [
        lambda one: (
            wanted is not None and not as_run and _key(one.record("call.json"), one.record("cells.json")) == wanted
        ),
        lambda one: (one.entry.experiment_name, one.entry.run_name) == described,
        lambda one: bool(call) and one.record("call.json").get("number") == call.get("number"),
        lambda one: one.entry.experiment_name == original.experiment,
    ]
    for test in tests:
        if len(found := [one for one in saved if test(one)]) == 1:
            return found[0]
    alike = [one for one in saved if tests[1](one)] or [one for one in saved if tests[3](one)] or list(saved)
    return _by_order(alike, call)


def _key(call: dict[str, Any], cells: dict[str, Any]) -> tuple[int, int] | None:
    position, number = position_of(call, cells), call.get("number_in_cell")
    return None if position is None or not isinstance(number, int) else (position, number)


def _by_order(alike: list[Saved], call: dict[str, Any]) -> Saved | None:
    """Return the one of that number, else the last: it is the one that a person saved when all was done."""
    number = call.get("number")
    if isinstance(number, int) and 0 < number <= len(alike):
        return alike[number - 1]
    return alike[-1] if alike else None
