"""The run that is to be reproduced: its records, each read once, so that what was checked is what is used."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_utils.adapters.mlflow_client import client
from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.comparisons.holders import EntryFiles
from jupyter_utils.comparisons.sides import side
from jupyter_utils.entries.entry import read_raw
from jupyter_utils.errors import DAMAGED, CompareError, EntryError, ReproduceError
from jupyter_utils.machine.urls import said, without_credentials
from jupyter_utils.runs.records.sealing import is_sealed
from jupyter_utils.tracking import client_settings
from jupyter_utils.tracking.send import ENTRY_TAG

if TYPE_CHECKING:
    from jupyter_utils.comparisons.sides import Side
    from jupyter_utils.entries.entry import Entry


@dataclass
class Original:
    """A run as it is to be run again.

    Attributes:
        side: the run as comparisons see it.
        entry: the id of its entry; empty where `save_mlflow` did not make it.
        experiment: the name of its experiment.
        uri: the server's address, without credentials.
        store: the identity of its store, where it is known without asking.
        run_id: MLflow's id; None where it waits in the spool.
    """

    side: Side
    entry: str
    experiment: str
    uri: str
    store: str = ""
    run_id: str | None = None
    _contents: dict[str, bytes] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """MLflow's id of the run, or that of the entry."""
        return self.side.facts.id

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return self.side.tags

    def tag(self, name: str) -> str:
        """Return a tag of this package; empty where it has none."""
        return self.tags.get(f"jupyter_utils.{name}", "")

    def own(self, name: str) -> bytes | None:
        """Return one of the files below `jupyter_utils/`; None where there is none.

        Raises:
            CompareError: it cannot be read.
        """
        path = f"{OWN_FOLDER}/{name}"
        if path not in self._contents and path in self.side.sizes:
            self._contents[path] = self.side.own_content(path)
        return self._contents.get(path)

    def record(self, name: str) -> dict[str, Any]:
        """Return one of the records, such as "call.json"; empty where there is none."""
        try:
            found = json.loads(self.own(name) or b"{}")
        except (ValueError, RecursionError):
            raise ReproduceError(f"{OWN_FOLDER}/{name} of run {self.id} is no JSON: {DAMAGED}.") from None
        return found if isinstance(found, dict) else {}

    def is_own(self) -> bool:
        """Tell whether this user has saved it, as it is now."""
        names = [path for path in self.side.sizes if path.startswith(f"{OWN_FOLDER}/")]
        found = {path: self.own(path.removeprefix(f"{OWN_FOLDER}/")) or b"" for path in names}
        digests = {path: hashlib.sha256(content).hexdigest() for path, content in found.items()}
        return is_sealed(self.entry, digests, self.tags)


def find_original(run: object, mlf_uri: str | None = None) -> Original:
    """Find a run in MLflow, or one that waits in the spool.

    Raises:
        ReproduceError: it is not there, was deleted, may not be read, or its server does not answer.
    """
    try:
        found = side(run, mlf_uri)
        return _stored(found) if found.stored else _waiting(found)
    except (CompareError, EntryError) as error:
        raise ReproduceError(str(error)) from None


def _stored(found: Side) -> Original:
    stored = found.stored
    assert stored  # noqa: S101 - asked before
    try:
        with client_settings():
            mlflow = client(stored.uri)
            experiment = mlflow.get_experiment(mlflow.get_run(stored.id).info.experiment_id).name
    except Exception as error:  # noqa: BLE001 - whatever it is, its words may hold the address
        raise ReproduceError(f"The experiment of run {stored.id} cannot be read: {said(error)}") from None
    where = without_credentials(stored.uri)
    return Original(found, found.tags.get(ENTRY_TAG, ""), str(experiment), where, run_id=stored.id)


def _waiting(found: Side) -> Original:
    entry = _entry(found)
    return Original(found, entry.id, entry.experiment_name, entry.uri, entry.store or "")


def _entry(found: Side) -> Entry:
    if not isinstance(found.holder, EntryFiles):
        raise ReproduceError("This is a folder, and no run: name a run by its id.")
    return read_raw(found.holder.source.entry)
