"""What earlier versions of this package left: entries in a spool, and a store. `made_before` holds such files.

`format-1.json` is the entry of the first version, `format-2.json` that of release 0.1.0; their artifacts are the same.
They were made by those versions' own code.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jupyter_utils
import pandas as pd
import pytest
import servers
import torch
from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.entries.entry import INCOMING, read_entry
from jupyter_utils.entries.stores import KnownStores
from jupyter_utils.errors import OtherStoreError
from jupyter_utils.runs.delivery import deliver_waiting
from jupyter_utils.runs.destination import Round
from jupyter_utils.spool import own_spool
from mlflow import MlflowClient

if TYPE_CHECKING:
    from servers import Started

BEFORE = Path(__file__).parent / "made_before"
IDS = {1: "before-there-were-any", 2: "001795849370659-f1d5756e15bd95a3"}


def entry(number: int, uri: str) -> Path:
    """Put an entry of this format into the spool, for this server where it names one."""
    folder = own_spool().path / "entries" / IDS[number]
    for name in ("entries", "locks", "new"):
        (own_spool().path / name).mkdir(parents=True)
    shutil.copytree(BEFORE / "artifacts", folder / "artifacts")
    raw = json.loads((BEFORE / f"format-{number}.json").read_text(encoding="utf-8"))
    assert raw["format"] == number
    raw |= {"uri": uri} if "uri" in raw else {}
    (folder / "entry.json").write_text(json.dumps(raw), encoding="utf-8")
    return folder


def allowed() -> Round:
    """Send to whatever answers, as `jupyter-utils sync --allow` does."""
    return Round(KnownStores(own_spool().path), consent=lambda _problem: True)


def check_values(run_id: str, uri: str) -> None:
    """Load the run, and hold every value against what was saved then."""
    run = jupyter_utils.load_mlflow(run_id, mlf_uri=uri)
    zone = pd.to_datetime(["2026-01-01", "2026-01-02", None]).tz_localize("Asia/Tokyo")
    frame = pd.DataFrame(
        {
            "文": ["猫", "犬", None],
            "time": zone,
            "n": pd.array([1, None, 3], dtype="Int64"),
            "took": pd.to_timedelta([1, 2, 3], unit="s"),
        }
    )
    pd.testing.assert_frame_equal(run.dataset["fold 1/train.csv"], frame)
    assert torch.equal(run.model["state.safetensors"]["weight"], torch.tensor([[1.0, 2.5]]))
    values = {name: run.result[name] for name in ("結果.json", "raw.bin", "note.txt")}
    assert values == {"結果.json": {"f1": [0.9]}, "raw.bin": b"\x00\xff", "note.txt": "読む"}
    assert (run.params, run.metrics) == ({"lr": "0.1"}, {"f1": 0.9})
    assert (run.run_name, run.description) == ("前の実行", "Made before")


@pytest.mark.parametrize("number", IDS)
def test_an_entry_that_waits_is_sent_and_can_be_loaded(
    number: int, mlflow_server: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Format 1 named no server: it goes to that of the environment. The run holds all that the call was given.

    Neither says for which store it is, so that it goes nowhere until the user has said yes; then it is for that one.
    """
    uri = mlflow_server.mlflow_url
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    folder = entry(number, uri)
    assert read_entry(folder).id == IDS[number]
    held = deliver_waiting(own_spool()).unsent[IDS[number]]
    assert isinstance(held, OtherStoreError)
    assert uri in str(held)
    assert "jupyter-utils sync --allow" in str(held)
    sent = deliver_waiting(own_spool(), servers=allowed()).sent
    assert list(sent) == [IDS[number]]
    assert not folder.exists()
    assert MlflowClient(uri).get_run(sent[IDS[number]].run_id).info.status == "FINISHED"
    check_values(sent[IDS[number]].run_id, uri)


def test_an_entry_whose_files_lie_in_the_store_is_sent(mlflow_server: Started) -> None:
    """Files for the lab's own server were written into its store: they are still found there, and nothing is left."""
    folder = entry(2, mlflow_server.mlflow_url)
    # Another call's: one run per call, and the first has its run.
    own = folder.with_name(IDS[2][:-1] + "4")
    folder.rename(own)
    raw = json.loads((own / "entry.json").read_text())
    (own / "entry.json").write_text(json.dumps(raw | {"id": own.name}))
    place = mlflow_server.store_dir / "artifacts" / INCOMING / own.name
    assert INCOMING == ".jupyter-utils"
    place.parent.mkdir(exist_ok=True)
    (own / "artifacts").rename(place)
    (own / "artifacts").symlink_to(place)
    sent = deliver_waiting(own_spool(), servers=allowed()).sent
    assert list(sent) == [own.name]
    assert not place.exists()
    check_values(sent[own.name].run_id, mlflow_server.mlflow_url)


def old_run(store: Path) -> str:
    """Make a store as release 0.1.0 left it, with a run that is whole, and one that a killed process was writing."""
    store.mkdir(parents=True)
    uri = f"sqlite:///{store}/mlflow.db"
    adapter.upgrade_database(uri)
    raw: dict[str, Any] = json.loads((BEFORE / "format-2.json").read_text(encoding="utf-8"))
    client = MlflowClient(uri)
    experiment = client.create_experiment("before", artifact_location="mlflow-artifacts:/1")
    run = client.create_run(experiment, raw["start_time"], raw["tags"], raw["run_name"]).info
    for name, value in raw["params"].items():
        client.log_param(run.run_id, name, value)
    for name, value in raw["metrics"].items():
        client.log_metric(run.run_id, name, value)
    client.set_terminated(run.run_id)
    shutil.copytree(BEFORE / "artifacts", store / "artifacts" / experiment / run.run_id / "artifacts")
    (store / "artifacts" / ".jupyter-utils" / IDS[2] / "dataset").mkdir(parents=True)
    return str(run.run_id)


def test_a_store_is_served_and_its_runs_can_be_loaded(tmp_path: Path) -> None:
    """Nothing of an old store has to be changed by hand."""
    run_id = old_run(tmp_path / "mlflow")
    with servers.mlflow(tmp_path) as server:
        check_values(run_id, server.mlflow_url)
