"""Commands that log in to the server of the store here ask it first who it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jupyter_utils.errors import SettingsError
from jupyter_utils.machine.variables import given
from jupyter_utils.servers import mlflow
from jupyter_utils.servers.environment import notebook_environment, use_settings
from jupyter_utils.settings import read_settings
from jupyter_utils.store.identity import key_of
from listening import everything, listener
from small_store import small_store

if TYPE_CHECKING:
    from pathlib import Path


def test_gc_logs_in_to_no_other_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has the port gets no password; a store that was never served since it has an identity is not held up."""
    settings = small_store(tmp_path, monkeypatch)
    with listener(everything) as other:
        monkeypatch.setenv("MLFLOW_PORT", other.url.rpartition(":")[2])
        settings = read_settings()
        mlflow.check_own(settings)
        key_of(settings.backend_store_uri)
        with pytest.raises(SettingsError, match=r"an MLflow without identity answers, but .* is the store"):
            mlflow.check_own(settings)
        assert other.told == []


def test_notebooks_are_told_of_the_store_here_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not where MLFLOW_TRACKING_URI names another MLflow; in a container beside the server's the folder is the same."""
    settings = small_store(tmp_path, monkeypatch)
    key_of(settings.backend_store_uri)
    own = mlflow.store_identity(settings)
    for change, expected in (
        ({}, own),
        ({"mlflow_host": "mlflow"}, own),
        ({"mlflow_tracking_uri": "http://elsewhere:5000"}, ""),
    ):
        told = notebook_environment(settings.model_copy(update=change), None)
        assert f'"identity": "{expected}"' in told["JUPYTER_UTILS_STORE"]


def test_sync_in_another_shell_takes_no_password_where_no_lab_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nobody to whom it belongs."""
    key_of(small_store(tmp_path, monkeypatch).backend_store_uri)
    for name in ("JUPYTER_UTILS_SPOOL_DIR", "JUPYTER_UTILS_FSYNC", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.setenv(name, "")
    use_settings()
    assert given("MLFLOW_TRACKING_PASSWORD") == ""
