"""Check the values of a call, then write each into an entry's directory."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_utils.errors import (
    ArgumentError,
    ArtifactNameError,
    ArtifactValueError,
    JupyterUtilsError,
    SaveRefusedError,
    StageError,
    UnsupportedObjectError,
)

from .failures import Failure, failure, reason, type_name
from .lookup import accepted, find_kind
from .manifest import OWN_FOLDER, Stored
from .names import clashes, name_problem
from .registry import SIDECAR, CannotWriteError, Details, Kind, Written
from .weights.modules import unwrapped

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Planned:
    """A value that has passed every check that needs no writing."""

    section: str
    key: str
    value: Any
    kind: Kind

    @property
    def path(self) -> str:
        """Where the value will stand among the run's artifacts."""
        return f"{self.section}/{self.key}"


def plan(
    section: str, values: object, failures: list[Failure] | None = None
) -> tuple[list[Planned], list[SaveRefusedError]]:
    """Check one dict of values (`dataset`, `model` or `result`); give what can be written, and every problem.

    Args:
        section: the argument.
        values: what was given.
        failures: gets the values that raise errors of their own when they are looked at; without it, these go on.
    """
    if values is None:
        return [], []
    if not isinstance(values, Mapping):
        wrong = ArgumentError(f"{section} is a {type_name(values)}, but must be a dict: file name -> object.")
        return [], [wrong]
    planned: list[Planned] = []
    problems: list[SaveRefusedError] = []
    for key in values:
        value = None
        try:
            value = values[key]
            planned.append(_plan_one(section, key, value))
        except SaveRefusedError as problem:
            problems.append(problem)
        except Exception as error:
            if failures is None:
                raise
            failures.append(failure(section, key, value, error))
    return planned, problems + _clash_problems(section, [one.key for one in planned])


def _plan_one(section: str, key: object, value: object) -> Planned:
    wrong = name_problem(key)
    if wrong:
        raise ArtifactNameError(f"{section}: the name {key!r} {wrong}.")
    value = unwrapped(value)
    kind = find_kind(value, section)
    if kind is None:
        raise UnsupportedObjectError(
            f"{section}[{key!r}] is a {type_name(value)}, which cannot be stored there. Accepted: {accepted(section)}. "
            f"{_remedy(value)}Convert it, or teach it with jupyter_utils.register_writer()."
        )
    problem = kind.problem(str(key), value)
    if problem:
        raise ArtifactValueError(f"{section}[{key!r}] ({type_name(value)}) {problem}.")
    return Planned(section, str(key), value, kind)


def _clash_problems(section: str, keys: list[str]) -> list[SaveRefusedError]:
    return [
        ArtifactNameError(f"{section}: {file!r} cannot be both an artifact and a folder of {inner!r}: rename one.")
        for file, inner in clashes(keys)
    ]


def _remedy(value: object) -> str:
    """Name the way for an optimizer, a scheduler or a scaler, which know their state themselves."""
    return "Give its state_dict(). " if callable(getattr(value, "state_dict", None)) else ""


def write(planned: Planned, root: Path) -> Stored:
    """Write one value below `root` in the first format that holds it.

    Raises:
        StageError: none does; nothing is left of it.
    """
    target = root / planned.path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return _write(planned, root, target)
    except BaseException:
        with contextlib.suppress(OSError):
            _remove(target)
        raise


def _write(planned: Planned, root: Path, target: Path) -> Stored:
    reasons = []
    forms = planned.kind.candidates(planned.key)
    for form in forms:
        try:
            written = form.write(planned.value, target)
        except CannotWriteError as cannot:
            _remove(target)
            reasons.append(str(cannot))
            continue
        except JupyterUtilsError:
            raise
        except Exception as error:
            raise StageError(_not_written(planned, form.name, reason(error))) from error
        _check_written(planned, target)
        return Stored(
            planned.path,
            planned.section,
            planned.key,
            type_name(planned.value),
            planned.kind.name,
            form.name,
            _details(written, planned, root),
            written.warnings,
        )
    raise StageError(_not_written(planned, " or ".join(form.name for form in forms), "; ".join(reasons)))


def _details(written: Written, planned: Planned, root: Path) -> Details:
    """Return what the manifest remembers; the bytes that a writer wants to be kept get a file, which it names."""
    if written.sidecar is None:
        return written.details
    # Not the artifact's own name: a key may be called like another key's sidecar.
    name = f"{OWN_FOLDER}/sidecar/{hashlib.sha256(planned.path.encode()).hexdigest()[:16]}"
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(written.sidecar)
    return written.details | {SIDECAR: name}


def _not_written(planned: Planned, form: str, why: str) -> str:
    return f"{planned.section}[{planned.key!r}] ({type_name(planned.value)}) could not be written as {form}: {why}."


def _check_written(planned: Planned, target: Path) -> None:
    """Hold what a writer made (a user's, or a library's) to the same rules as the user's own names."""
    if not target.exists():
        raise StageError(_not_written(planned, "a file", f"its writer did not make {target.name}"))
    for path in target.rglob("*"):
        wrong = name_problem(path.relative_to(target).as_posix())
        if wrong:
            raise StageError(_not_written(planned, "a directory", f"the file {path.name!r} in it {wrong}"))


def _remove(target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)
