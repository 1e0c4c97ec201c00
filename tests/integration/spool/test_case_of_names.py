"""Disks that know no case: what they take for one name is refused before anything is written, wherever the disk is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jupyter_utils
import pytest
import servers
from exfat_disks import exfat_disk
from jupyter_utils import errors
from jupyter_utils.spool import own_spool
from mlflow import MlflowClient

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Started

NAMES = {"A.csv": "one", "a.csv": "two"}


def save(uri: str, dataset: dict[str, Any]) -> Any:
    return jupyter_utils.save_mlflow("case", dataset=dataset, do_commit=False, mlf_uri=uri)


def count(uri: str) -> int:
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("case")
    return len(client.search_runs([experiment.experiment_id])) if experiment else 0


def test_disks_that_know_case(mlflow_server: Started) -> None:
    """On a disk of Linux' own both are kept, folders as well."""
    saved = save(mlflow_server.mlflow_url, {**NAMES, "X/1": "3", "x/1": "4"})
    loaded = jupyter_utils.load_mlflow(saved.run_id, mlflow_server.mlflow_url).dataset
    assert dict(loaded) == {**NAMES, "X/1": "3", "x/1": "4"}


def test_spool_without_case(tmp_path: Path, mlflow_server: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    with exfat_disk(tmp_path / "disk") as disk:
        monkeypatch.setenv("JUPYTER_UTILS_SPOOL_DIR", str(disk / "spool"))
        before = count(mlflow_server.mlflow_url)
        with pytest.raises(errors.ArtifactNameError, match=r"'dataset/a.csv' and 'dataset/A.csv' .*SPOOL_DIR"):
            save(mlflow_server.mlflow_url, NAMES)
        with pytest.raises(errors.ArtifactNameError, match=r"SPOOL_DIR"):
            save("http://127.0.0.1:9", NAMES)
        (tmp_path / "d" / "X").mkdir(parents=True)
        (tmp_path / "d" / "x").mkdir()
        for name in ("X/1", "x/1"):
            (tmp_path / "d" / name).write_text(name)
        with pytest.raises(errors.ArtifactNameError, match="'dataset/d/x' and 'dataset/d/X'"):
            save(mlflow_server.mlflow_url, {"d": tmp_path / "d"})
        assert (count(mlflow_server.mlflow_url), own_spool().names()) == (before, [])
        assert save(mlflow_server.mlflow_url, {"A.csv": "one"}).is_stored


@pytest.mark.full
@pytest.mark.parametrize("way", ["local", "http"])
def test_store_without_case(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On this machine or behind its server, the store's disk is asked; one that was not asked refuses the run."""
    with exfat_disk(tmp_path / "disk") as disk:
        place = str(disk / "artifacts")
        with servers.mlflow(tmp_path, MLFLOW_ARTIFACTS_DESTINATION=place) as server:
            monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home/.local/state"))
            monkeypatch.setenv("JUPYTER_UTILS_LOCAL_ARTIFACTS", "" if way == "local" else "off")
            assert save(server.mlflow_url, {"A.csv": "one"}).is_stored
            with pytest.raises(
                errors.ArtifactNameError, match=r"'dataset/a\.csv' and 'dataset/A.csv' are one name to MLflow"
            ):
                save(server.mlflow_url, NAMES)
            with pytest.raises(errors.ArtifactNameError, match="cannot hold this name"):
                save(server.mlflow_url, {"a*b.csv": "x"})
            assert count(server.mlflow_url) == 1
            monkeypatch.setattr("jupyter_utils.runs.disk_names.confused_by_store", lambda *_: [])
            if way == "http":
                with pytest.raises(errors.SendError, match=r"takes 'dataset/.*' for another"):
                    save(server.mlflow_url, NAMES)
