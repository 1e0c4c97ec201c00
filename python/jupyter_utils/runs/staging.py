"""Staging: every value of a call, written with the manifest into the directory of its entry."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_utils.artifacts.manifest import OWN_FOLDER, Stored, write_manifest
from jupyter_utils.artifacts.weights.walk import size_of
from jupyter_utils.artifacts.writing import write
from jupyter_utils.entries.digesting import counting
from jupyter_utils.entries.entry import ARTIFACTS, DatasetInput, EntryFile, measure_files
from jupyter_utils.errors import StageError
from jupyter_utils.machine.progress import progress
from jupyter_utils.spool import check_room

from .provenance import cut, dataset_input, long_names

if TYPE_CHECKING:
    from pathlib import Path

    from .call import Call

# MLflow cuts longer values, with a warning in a log only.
_PARAM_CHARACTERS = 6000
LONG_PARAMS = f"{OWN_FOLDER}/long_params.json"
_DESCRIPTION = f"{OWN_FOLDER}/description.md"


@dataclass(frozen=True)
class Staged:
    """The values, written; what of the call MLflow cannot hold as given; the tags and warnings that say so."""

    params: dict[str, str]
    tags: dict[str, str]
    inputs: tuple[DatasetInput, ...]
    files: tuple[EntryFile, ...]
    warnings: tuple[str, ...]


def stage(call: Call, directory: Path) -> Staged:
    """Write every value, and what else becomes an artifact, below `directory`; nothing is committed or sent yet."""
    try:
        return _write_all(call, directory)
    except OSError as error:
        raise StageError(
            f"The artifacts could not be written below {directory} ({error}): is the disk full? "
            "JUPYTER_UTILS_SPOOL_DIR names another place. Nothing was committed or sent to MLflow."
        ) from error


def _write_all(call: Call, directory: Path) -> Staged:
    root = directory / ARTIFACTS
    stored: list[Stored] = []
    sizes = [max(1, size_of(planned.value)) for planned in call.planned]
    with progress("Writing artifacts", sum(sizes), in_bytes=True) as bar:
        for number, planned in enumerate(call.planned, 1):
            with counting(bar.update):
                stored.append(write(planned, root))
            bar.update(max(0, sum(sizes[:number]) - bar.n))
    files = measure_files(directory)
    if call.server.down:
        check_room(call.spool, sum(file.size for file in files))
    write_manifest(stored, files, root)
    params, tags, warnings = _shorten_params(call.params, root)
    warnings += [
        f"{one.path} cannot be restored exactly from {one.format} ({one.details['inexact']}): name it .pkl for that."
        for one in stored
        if one.format in {"csv", "parquet"} and "inexact" in one.details
    ]
    warnings += [f"{one.path} {warning}" for one in stored for warning in one.warnings]
    if call.description is not None:
        tags["mlflow.note.content"] = cut(call.description)
        if tags["mlflow.note.content"] != call.description:
            (root / _DESCRIPTION).write_text(call.description, encoding="utf-8")
            warnings.append(
                f"The description is longer than MLflow's page holds; it is stored whole in {_DESCRIPTION}."
            )
    inputs = tuple(dataset_input(one.key, one.path, files) for one in stored if one.section == "dataset")
    return Staged(params, tags, inputs, files, tuple(warnings))


def _shorten_params(params: dict[str, str], root: Path) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Store long values whole as an artifact, and give the params with these cut, a tag and a warning that say so."""
    whole = {name: value for name, value in params.items() if len(value) > _PARAM_CHARACTERS}
    if not whole:
        return params, {}, []
    (root / LONG_PARAMS).write_text(json.dumps(whole, ensure_ascii=False, indent=1), encoding="utf-8")
    names = list(whole)
    shortened = params | {name: cut(value, _PARAM_CHARACTERS) for name, value in whole.items()}
    warning = f"params longer than MLflow holds are stored whole in {LONG_PARAMS}: {', '.join(names)}"
    return shortened, {"jupyter_utils.long_params": long_names(names)}, [warning]
