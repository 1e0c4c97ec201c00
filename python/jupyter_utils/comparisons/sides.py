"""One side of a comparison: a run in MLflow, one that waits, an entry that a reproduction has kept, or a folder."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.manifest import MANIFEST, MANIFEST_FORMAT, OWN_FOLDER
from jupyter_utils.artifacts.names import name_problem
from jupyter_utils.entries.copying import digest
from jupyter_utils.entries.entry import EntryFile
from jupyter_utils.errors import DAMAGED, CompareError, LoadError
from jupyter_utils.runs.exact_metrics import EXACT_METRICS, restored
from jupyter_utils.runs.sources import StoredRun, WaitingRun, find_source
from jupyter_utils.runs.staging import LONG_PARAMS

from .comparison import Facts
from .holders import EntryFiles, FolderFiles, Holder, StoredFiles
from .stored import facts, look

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST_BYTES = 64 * 2**20
"""Of one of this package's own files in a run, which is read whole."""


@dataclass
class Side:
    """One run as it is compared.

    Attributes:
        facts: which run it is.
        params: as texts; those that MLflow has cut are whole.
        metrics: the last value of each, as it was given.
        tags: MLflow's tags.
        holder: where its files are read from.
        stored: the run in MLflow, which has more than the last values; None elsewhere.
        executed: a notebook that was run to its end, as a reproduction leaves it: its outputs count, instead of those
            of the notebook that the run holds, which was saved while it ran.
    """

    facts: Facts
    params: dict[str, str]
    metrics: dict[str, Any]
    tags: dict[str, str]
    holder: Holder
    stored: StoredRun | None = None
    executed: Path | None = None
    _records: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Every file with its size in bytes."""
        return self.holder.sizes()

    def record(self, name: str) -> dict[str, Any] | None:
        """Return one of the records below `jupyter_utils/`, such as "machine.json"; None where the run has none.

        Raises:
            CompareError: it cannot be read.
        """
        path = f"{OWN_FOLDER}/{name}"
        if path not in self.sizes:
            return None
        if path not in self._records:
            self._records[path] = self._json(path)
        found: dict[str, Any] = self._records[path]
        return found

    def _json(self, path: str) -> dict[str, Any]:
        try:
            found = json.loads(self.own_content(path))
        except (ValueError, RecursionError) as error:
            raise CompareError(f"{path} of {self.facts.id} is no JSON ({error}): {DAMAGED}.") from None
        if not isinstance(found, dict):
            raise CompareError(f"{path} of {self.facts.id} is not what this package writes: {DAMAGED}.")
        return found

    def own_content(self, path: str) -> bytes:
        """Return the bytes of a file that this package has written beside the values.

        Raises:
            CompareError: it is far too large to be one, or cannot be read.
        """
        if self.sizes.get(path, 0) > _MOST_BYTES:
            raise CompareError(
                f"{path} of {self.facts.id} has {self.sizes[path]:,} bytes, which no record has: {DAMAGED}."
            )
        return self.holder.content(path)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What `save_mlflow` noted of the values; empty where it has not stored the run."""
        found = self.record(MANIFEST.removeprefix(f"{OWN_FOLDER}/"))
        if found is None:
            return {"artifacts": [], "files": []}
        if found.get("format") != MANIFEST_FORMAT:
            raise CompareError(f"{self.facts.id} was stored by a later version of this package: update it.")
        if not _is_manifest(found):
            raise CompareError(f"{MANIFEST} of {self.facts.id} is not what this package writes: {DAMAGED}.")
        return found

    @cached_property
    def files(self) -> dict[str, EntryFile]:
        """The files of the values by name, with their digests."""
        return {one["path"]: EntryFile(one["path"], one["size"], one["sha256"]) for one in self.manifest["files"]}

    def bring(self, name: str) -> Path:
        """Return where an artifact can be read on this machine, verified where a digest of it is known.

        Raises:
            CompareError: its name leads elsewhere.
        """
        if name_problem(name):
            raise CompareError(f"The manifest of {self.facts.id} names {name!r}, which no artifact may be called.")
        known = [one for path, one in self.files.items() if within(path, name)]
        return self.holder.bring(name, known) if known else self.holder.bring_unknown(name)

    def digest(self, name: str) -> str:
        """Return the SHA-256 of a file that no manifest knows, as it is now; in hex."""
        return digest(self.bring(name))


def _is_manifest(found: dict[str, Any]) -> bool:
    """Tell whether a manifest has the form that everything here relies on: it may be anybody's text."""
    texts = ("path", "section", "key", "type", "kind", "format")
    try:
        return (
            all(isinstance(one[name], str) for one in found["artifacts"] for name in texts)
            and all(isinstance(one["details"], dict) for one in found["artifacts"])
            and all(isinstance(one["path"], str) and isinstance(one["sha256"], str) for one in found["files"])
            and all(isinstance(one["size"], int) for one in found["files"])
            and all({"section", "key", "reason"} <= one.keys() for one in found.get("failed", []))
        )
    except (KeyError, TypeError, AttributeError):
        return False


def within(path: str, name: str) -> bool:
    """Tell whether a file is an artifact, or lies in it."""
    return path == name or path.startswith(f"{name}/")


def side(run: object, mlf_uri: str | None = None) -> Side:
    """Find one side: a `Side`, a run's id, what `save_mlflow` returned, or the folder of an entry (a `Path`).

    Raises:
        CompareError: it is none of these, is not there, or cannot be read.
    """
    if isinstance(run, Side):
        return run
    try:
        if isinstance(run, Path):
            return _entry(WaitingRun(run))
        source = find_source(run, mlf_uri)
        return _stored(source) if isinstance(source, StoredRun) else _entry(source)  # type: ignore[arg-type]
    except LoadError as error:
        raise CompareError(str(error)) from error


def folder_side(  # noqa: PLR0913 - all that a run has
    folder: Path,
    name: str = "",
    *,
    metrics: Mapping[str, Any] | None = None,
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    executed: Path | None = None,
) -> Side:
    """Make a side of a folder: what lies below it are the artifacts, under the names that they would have in a run.

    Args:
        folder: with `dataset/`, `result/` and so on, and this package's records below `jupyter_utils/`.
        name: what reports call it.
        metrics: what was measured; a value each.
        params: the params.
        tags: the tags that a run would have.
        executed: a notebook that was run to its end there.
    """
    known = Facts(str(folder), name or folder.name, {})
    values = dict(params or {}), dict(metrics or {}), dict(tags or {})
    return Side(known, *values, FolderFiles(folder), executed=executed)


def _stored(source: StoredRun) -> Side:
    described = source.describe()
    info = look(source)
    return _whole(
        Side(
            facts(source, info, described),
            described.params,
            dict(described.metrics),
            described.tags,
            StoredFiles(source, str(info.artifact_uri)),
            source,
        )
    )


def _entry(source: WaitingRun) -> Side:
    described = source.describe()
    known = Facts(source.id, described.run_name or source.id, {"waits in": str(source.entry)})
    return _whole(Side(known, described.params, dict(described.metrics), described.tags, EntryFiles(source)))


def _whole(found: Side) -> Side:
    """Put back what MLflow cannot hold: long params, metrics that are no floats."""
    if "jupyter_utils.long_params" in found.tags:
        found.params = found.params | (found.record(_own(LONG_PARAMS)) or {})
    if "jupyter_utils.exact_metrics" in found.tags:
        kept = found.record(_own(EXACT_METRICS)) or {}
        found.metrics |= {name: restored(one) for name, one in kept.items()}
    return found


def _own(path: str) -> str:
    return path.removeprefix(f"{OWN_FOLDER}/")


def sides(run: object, mlf_uri: str | None = None) -> Sequence[Side]:
    """Find several sides, as repetitions give them; one is one."""
    return [side(one, mlf_uri) for one in (run if isinstance(run, list | tuple) else [run])]
