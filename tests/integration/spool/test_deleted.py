"""A half-sent run that somebody deletes in MLflow: sent whole, or given up with a word; never half."""

from __future__ import annotations

import importlib
import shutil
from typing import TYPE_CHECKING

import jupyter_utils
import pytest
from jupyter_utils.errors import EntryError
from jupyter_utils.runs.delivery import deliver_waiting
from jupyter_utils.spool import own_spool
from mlflow import MlflowClient
from runs_on_disk import check_whole, runs_by_entry

if TYPE_CHECKING:
    from servers import Started

EXPERIMENT = "deleted meanwhile"


def half_sent(server: Started, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let a call be cut off when its files are the run's already; return the run's ID."""
    with monkeypatch.context() as patch:

        def cut(*_: object) -> None:
            raise ConnectionError("cut")

        patch.setattr(importlib.import_module("jupyter_utils.tracking.send"), "_finish", cut)
        result = jupyter_utils.save_mlflow(
            EXPERIMENT, dataset={"a.bin": b"kept"}, do_commit=False, mlf_uri=server.mlflow_url
        )
    assert result.entry is not None
    ((run,),) = runs_by_entry(server, EXPERIMENT).values()
    assert run.info.status == "RUNNING"
    return str(run.info.run_id)


@pytest.mark.parametrize("way", ["local", "http"])
def test_a_deleted_half_is_made_whole(mlflow_server: Started, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """One run, finished, with its files, which lie in the deleted one's folder; and none beside it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(mlflow_server.home / ".local/state"))
    monkeypatch.setenv("JUPYTER_UTILS_LOCAL_ARTIFACTS", "" if way == "local" else "off")
    name = half_sent(mlflow_server, monkeypatch)
    MlflowClient(mlflow_server.mlflow_url).delete_run(name)
    assert not deliver_waiting(own_spool(), refused=True).unsent
    ((run,),) = runs_by_entry(mlflow_server, EXPERIMENT).values()
    check_whole(mlflow_server, run, {"a.bin": b"kept"}, {})
    MlflowClient(mlflow_server.mlflow_url).delete_run(run.info.run_id)
    assert own_spool().names() == []


def test_files_that_are_gone_leave_no_run_that_runs_for_ever(
    mlflow_server: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entry is refused with a word, and its run is marked failed."""
    monkeypatch.setenv("XDG_STATE_HOME", str(mlflow_server.home / ".local/state"))
    name = half_sent(mlflow_server, monkeypatch)
    client = MlflowClient(mlflow_server.mlflow_url)
    folder = mlflow_server.store_dir / "artifacts" / client.get_run(name).info.experiment_id / name
    client.delete_run(name)
    shutil.rmtree(folder)
    (error,) = deliver_waiting(own_spool(), refused=True).unsent.values()
    assert isinstance(error, EntryError)
    assert "gone" in str(error)
    assert {run.info.status for (run,) in runs_by_entry(mlflow_server, EXPERIMENT).values()} <= {"FAILED"}
    assert own_spool().waiting()[0].state.refused
