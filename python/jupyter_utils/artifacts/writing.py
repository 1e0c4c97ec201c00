"""Check the values of a call, then write each into an entry's directory."""

from __future__ import annotations

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


def plan(section: str, values: object) -> tuple[list[Planned], list[SaveRefusedError]]:
    """Check one dict of values (`dataset`, `model` or `result`); give what can be written, and every problem."""
    if values is None:
        return [], []
    if not isinstance(values, Mapping):
        wrong = ArgumentError(f"{section} is a {_type(values)}, but must be a dict: file name -> object.")
        return [], [wrong]
    planned: list[Planned] = []
    problems: list[SaveRefusedError] = []
    for key, value in values.items():
        try:
            planned.append(_plan_one(section, key, value))
        except SaveRefusedError as problem:
            problems.append(problem)
    return planned, problems + _clash_problems(section, [one.key for one in planned])


def _plan_one(section: str, key: object, value: object) -> Planned:
    wrong = name_problem(key)
    if wrong:
        raise ArtifactNameError(f"{section}: the name {key!r} {wrong}.")
    value = unwrapped(value)
    kind = find_kind(value, section)
    if kind is None:
        raise UnsupportedObjectError(
            f"{section}[{key!r}] is a {_type(value)}, which cannot be stored there. Accepted: {accepted(section)}. "
            f"{_remedy(value)}Convert it, or teach it with jupyter_utils.register_writer()."
        )
    problem = kind.problem(str(key), value)
    if problem:
        raise ArtifactValueError(f"{section}[{key!r}] ({_type(value)}) {problem}.")
    return Planned(section, str(key), value, kind)


def _clash_problems(section: str, keys: list[str]) -> list[SaveRefusedError]:
    return [
        ArtifactNameError(f"{section}: {file!r} cannot be both an artifact and a folder of {inner!r}: rename one.")
        for file, inner in clashes(keys)
    ]


def _remedy(value: object) -> str:
    """Name the way for an optimizer, a scheduler or a scaler, which know their state themselves."""
    return "Give its state_dict(). " if callable(getattr(value, "state_dict", None)) else ""


def _type(value: object) -> str:
    cls = type(value)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def write(planned: Planned, root: Path) -> Stored:
    """Write one value below `root` in the first format that holds it.

    Raises:
        StageError: none does; nothing has been committed or sent.
    """
    target = root / planned.path
    target.parent.mkdir(parents=True, exist_ok=True)
    reasons = []
    for form in planned.kind.candidates(planned.key):
        try:
            written = form.write(planned.value, target)
        except CannotWriteError as reason:
            _remove(target)
            reasons.append(str(reason))
            continue
        except JupyterUtilsError:
            raise
        except Exception as error:
            raise StageError(_not_written(planned, form.name, f"{type(error).__name__}: {error}")) from error
        _check_written(planned, target)
        return Stored(
            planned.path,
            planned.section,
            planned.key,
            _type(planned.value),
            planned.kind.name,
            form.name,
            _details(written, planned, root),
            written.warnings,
        )
    raise StageError(_not_written(planned, "any of its formats", "; ".join(reasons)))


def _details(written: Written, planned: Planned, root: Path) -> Details:
    """Return what the manifest remembers; the bytes that a writer wants to be kept get a file, which it names."""
    if written.sidecar is None:
        return written.details
    # Not the artifact's own name: a key may be called like another key's sidecar.
    name = f"{OWN_FOLDER}/sidecar/{hashlib.sha256(planned.path.encode()).hexdigest()[:16]}"
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(written.sidecar)
    return written.details | {SIDECAR: name}


def _not_written(planned: Planned, form: str, reason: str) -> str:
    return (
        f"{planned.section}[{planned.key!r}] ({_type(planned.value)}) could not be written as {form}: {reason}. "
        "Nothing was committed or sent to MLflow."
    )


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
