"""Staging: every value of a call, written with the manifest into the directory of its entry."""

from __future__ import annotations

import errno
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.failures import Failure, failure
from jupyter_utils.artifacts.manifest import OWN_FOLDER, Stored, write_manifest
from jupyter_utils.artifacts.weights.walk import size_of
from jupyter_utils.artifacts.writing import write
from jupyter_utils.entries.digesting import counting
from jupyter_utils.entries.entry import ARTIFACTS, DatasetInput, EntryFile, measure_files
from jupyter_utils.errors import StageError
from jupyter_utils.machine.progress import progress
from jupyter_utils.spool import check_room

from .exact_metrics import EXACT_METRICS
from .records.provenance import cut, dataset_input, long_names

if TYPE_CHECKING:
    from pathlib import Path

    from .call import Call

# MLflow cuts longer values, with a warning in a log only.
_PARAM_CHARACTERS = 6000
LONG_PARAMS = f"{OWN_FOLDER}/long_params.json"
# What an error of the disk to which is written says, and hardly one of a file that is read.
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG, errno.ESTALE}
FAILED_TAG = "jupyter_utils.failed"
_DESCRIPTION = f"{OWN_FOLDER}/description.md"


@dataclass(frozen=True)
class Staged:
    """The values, written; what of the call MLflow cannot hold as given; the tags and warnings that say so.

    `stored` are the paths of the values, `failures` the values that are not among them.
    """

    params: dict[str, str]
    tags: dict[str, str]
    inputs: tuple[DatasetInput, ...]
    files: tuple[EntryFile, ...]
    warnings: tuple[str, ...]
    stored: tuple[str, ...]
    failures: tuple[Failure, ...]


def stage(call: Call, directory: Path, *, last: bool = True) -> Staged:
    """Write every value, and what else becomes an artifact, below `directory`; nothing is committed or sent yet.

    Args:
        call: what to write.
        directory: the entry.
        last: whether there is no other disk to try: then a value that the disk does not take has failed, like one that
            cannot be read, and the others are kept without it.

    Raises:
        StageError: the disk did not take the values, or what is written about them.
    """
    try:
        return _write_all(call, directory, last=last)
    except OSError as error:
        raise StageError(
            f"The artifacts could not be written below {directory} ({error}): is the disk full? "
            "JUPYTER_UTILS_SPOOL_DIR names another place. Nothing was committed or sent to MLflow."
        ) from error


def _write_all(call: Call, directory: Path, *, last: bool) -> Staged:
    root = directory / ARTIFACTS
    stored, failures = _write_values(call, root, last=last)
    files = measure_files(directory)
    if call.server.down:
        check_room(call.spool, sum(file.size for file in files))
    write_manifest(stored, files, root, failures)
    params, tags, warnings = _shorten_params(call.params, root)
    for one in stored:
        warnings += [f"{one.path}: {said}" for said in one.warnings]
        if "inexact" in one.details:
            why = one.details["inexact"]
            warnings.append(f"{one.path} cannot be restored exactly from {one.format} ({why}): name it .pkl for that.")
    if call.exact_metrics:
        (root / EXACT_METRICS).write_text(
            json.dumps(call.exact_metrics, ensure_ascii=False, indent=1), encoding="utf-8"
        )
        tags["jupyter_utils.exact_metrics"] = long_names(list(call.exact_metrics))
        shown = ", ".join(f"{name} = {kept['value'][:40]}" for name, kept in call.exact_metrics.items())
        warnings.append(f"metrics that MLflow cannot hold exactly are kept in {EXACT_METRICS}: {shown}")
    if call.description is not None:
        tags["mlflow.note.content"] = cut(call.description)
        if tags["mlflow.note.content"] != call.description:
            (root / _DESCRIPTION).write_text(call.description, encoding="utf-8")
            warnings.append(
                f"The description is longer than MLflow's page holds; it is stored whole in {_DESCRIPTION}."
            )
    inputs = tuple(dataset_input(one.key, one.path, files) for one in stored if one.section == "dataset")
    if failures:
        tags[FAILED_TAG] = cut("\n".join(map(str, failures)))
    return Staged(params, tags, inputs, files, tuple(warnings), tuple(one.path for one in stored), tuple(failures))


def _write_values(call: Call, root: Path, *, last: bool) -> tuple[list[Stored], list[Failure]]:
    """Write one value after the other; what fails with one is no reason to lose the others."""
    stored: list[Stored] = []
    failures = list(call.failures)
    sizes = [_size(planned.value) for planned in call.planned]
    in_bytes = any(size > 1 for size in sizes)  # else the bar counts values
    with progress("Writing artifacts", sum(sizes), unit="artifact", in_bytes=in_bytes) as bar:
        for number, planned in enumerate(call.planned, 1):
            try:
                with counting(bar.update if in_bytes else lambda _bytes: None):
                    stored.append(write(planned, root))
            except Exception as error:
                cause = error.__cause__ if isinstance(error, StageError) and error.__cause__ else error
                if not last and isinstance(cause, OSError) and cause.errno in _DISK:
                    raise
                failures.append(failure(planned.section, planned.key, planned.value, cause))
            bar.update(max(0, sum(sizes[:number]) - bar.n))
    return stored, failures


def _size(value: Any) -> int:
    """Return the bytes that a value's tensors take; at least one for each value, so that the bar moves."""
    with suppress(Exception):  # writing it will say what is wrong with it
        return max(1, size_of(value))
    return 1


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
