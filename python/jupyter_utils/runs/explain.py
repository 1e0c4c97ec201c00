"""`explain`: what a run records of itself, what of that differs from its commit, and what is missing, as data."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.machine.plain_text import harmless, plain
from jupyter_utils.tracking.send import ENTRY_TAG

from . import told
from .records.sealing import TAG as SEAL
from .records.sealing import told_seal
from .sources import WaitingRun, find_source, named_run

if TYPE_CHECKING:
    from .result import SaveResult
    from .sources import Described, Source
    from .told import Told

_NEWEST = {"code": 1, "cells": 1, "call": 1, "machine": 1, "inputs": 1}
"""The formats of the records that are known here; each is a file of that name below `jupyter_utils/`."""


@dataclass(frozen=True, repr=False)
class Explanation:
    """What is known of how a run came to be; `str(...)` is what `jupyter-utils show` prints.

    Attributes:
        run_id: MLflow's id of the run; the entry's where it still waits in the spool.
        run_name: its name, if it has one.
        started: when `save_mlflow` was called, in UTC.
        waits: whether MLflow does not have all of it yet.
        recorded: in plain words, by subject: code, cells, call, inputs, machine, environment, seal.
        differs: what ran, or was read, otherwise than the commit, the notebook or the disk holds it; a sentence each.
        missing: what the run cannot give back; a sentence each.
        unknown: the subjects of which the run has no record, with the reason.
        records: the records themselves, as they lie below `jupyter_utils/`: the content of code.json, cells.json,
            call.json, machine.json and inputs.json, without the suffix; those that are there.
        tags: the run's tags.
    """

    run_id: str
    run_name: str | None
    started: datetime | None
    waits: bool
    recorded: dict[str, str]
    differs: tuple[str, ...]
    missing: tuple[str, ...]
    unknown: dict[str, str]
    records: dict[str, Any] = field(repr=False)
    tags: dict[str, str] = field(repr=False)

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        name = f" ({plain(self.run_name)})" if self.run_name else ""
        when = f", saved at {self.started:%Y-%m-%d %H:%M} UTC" if self.started else ""
        lines = [f"Run {self.run_id}{name}{when}" + (", waits in the spool: jupyter-utils sync" if self.waits else "")]
        width = max(map(len, {**self.recorded, **self.unknown}), default=0) + 2
        lines += ["", "Recorded:", *(f"  {name:<{width}}{text}" for name, text in self.recorded.items())]
        lines += _listed("Differs", self.differs, "nothing that is recorded differs")
        lines += _listed("Missing", self.missing, "nothing of what is recorded")
        if self.unknown:
            lines += ["", "Unknown:", *(f"  {name:<{width}}{text}" for name, text in self.unknown.items())]
        return "\n".join(map(harmless, lines))


def _listed(title: str, sentences: tuple[str, ...], none: str) -> list[str]:
    return ["", f"{title}:", *(f"  - {one}" for one in sentences or (none,))]


def explain(run_id: str | SaveResult, mlf_uri: str | None = None) -> Explanation:
    """Explain a run that `save_mlflow` stored, or one that still waits in the spool; `jupyter-utils show` prints it.

    Args:
        run_id: MLflow's id of the run, the id of an entry that waits (`jupyter-utils sync --list`), or what
            `save_mlflow` returned.
        mlf_uri: the MLflow server; without it, that of the result, `MLFLOW_TRACKING_URI`, or the one that this
            environment starts.

    Returns:
        an `Explanation`: `recorded`, `differs`, `missing` and `unknown` in plain words, `records` and `tags` as data.
        Of a run of an earlier version, and of one that MLflow itself has made, most is unknown.

    Raises:
        LoadError: there is no such run, or its server does not answer.

    Example::

        print(jupyter_utils.explain("0123456789abcdef0123456789abcdef"))
    """
    source = find_source(run_id, mlf_uri)
    described = source.describe()
    files = source.own_files()
    records, unknown = _records(source, files)
    found: dict[str, Told] = {}
    for subject, tell in told.SUBJECTS.items():
        if subject in unknown:
            continue
        try:
            one = tell(records, described.tags, files)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            unknown[subject] = f"its record cannot be read ({type(error).__name__}: {error})"
        else:
            if isinstance(one, str):
                unknown[subject] = one
            else:
                found[subject] = one
    general = told.general(described.tags)
    sealed, broken = _sealed(source, described, files)
    return Explanation(
        run_id=source.id,
        run_name=described.run_name,
        started=_time(described),
        waits=isinstance(source, WaitingRun),
        recorded={subject: one.recorded for subject, one in found.items() if one.recorded} | sealed,
        differs=(*general.differs, *broken, *(text for one in found.values() for text in one.differs)),
        missing=(*general.missing, *(text for one in found.values() for text in one.missing)),
        unknown=unknown,
        records=records,
        tags=described.tags,
    )


def _sealed(source: Source, described: Described, files: frozenset[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Tell whether the run is as this user has saved it: a fact of it, or what differs."""
    if SEAL not in described.tags:
        return {}, ()
    entry = source.id if isinstance(source, WaitingRun) else described.tags.get(ENTRY_TAG, "")
    words, broken = told_seal(entry, {name: source.content(name) for name in files}, described.tags)
    return ({}, (f"the run itself: {words}",)) if broken else ({"seal": words}, ())


def _records(source: Source, files: frozenset[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Read the records that are there; of those that cannot be read, why."""
    records, unknown = {}, {}
    for name, newest in _NEWEST.items():
        if f"{OWN_FOLDER}/{name}.json" not in files:
            continue
        text = source.text(f"{OWN_FOLDER}/{name}.json")
        try:
            record = json.loads(text)
            if record["format"] > newest:
                unknown[name] = "a later version of this package has recorded it: update it"
            else:
                records[name] = record
        except (ValueError, KeyError, TypeError) as error:
            unknown[name] = f"its record cannot be read ({type(error).__name__}: {error})"
    return records, unknown


def _time(described: Described) -> datetime | None:
    with suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(described.start_time / 1000, UTC) if described.start_time else None
    return None


def show(run: str) -> str:
    """Return what the command prints.

    Raises:
        LoadError: as `explain` does.
    """
    return str(explain(named_run(run)))
