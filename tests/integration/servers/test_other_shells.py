"""Commands that are called in another shell than the lab's mean the lab that runs, as `url` and `doctor` do."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import servers
from mlflow import MlflowClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers import Started

NAME = "other shell"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Run a lab with data, ports and password of its own, whose MLflow has an experiment."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with servers.lab(folder, MLFLOW_AUTH="on") as lab:
        password = (lab.store_dir / "auth" / "admin-password").read_text().strip()
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("MLFLOW_TRACKING_USERNAME", "admin")
            patched.setenv("MLFLOW_TRACKING_PASSWORD", password)
            MlflowClient(f"http://127.0.0.1:{lab.env['MLFLOW_PORT']}").create_experiment(NAME)
        yield lab


def call(lab: Started, folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Call `jupyter-utils` in a folder without settings, by a shell that knows nothing of the lab but its user."""
    env = {"PATH": os.environ["PATH"], "HOME": lab.env["HOME"], **settings}
    argv = [sys.executable, "-P", "-m", "jupyter_utils", *words]
    return subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_the_lab_that_runs_is_meant(elsewhere: Started, tmp_path: Path) -> None:
    """Also where `.env` holds its port alone, as after `./quickstart`; nothing has to be named, no password typed."""
    for_all = call(elsewhere, tmp_path, "runs", NAME)
    (tmp_path / ".env").write_text(f"MLFLOW_PORT={elsewhere.env['MLFLOW_PORT']}\n")
    for done in (for_all, call(elsewhere, tmp_path, "runs", NAME)):
        assert done.returncode == 0, done.stderr
        assert "does not answer" not in done.stderr


@pytest.mark.parametrize(
    "named",
    [{"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}, {"MLFLOW_PORT": "9"}, {"MLFLOW_STORE_DIR": "store"}],
    ids=["address", "port", "data"],
)
def test_what_is_named_counts(elsewhere: Started, tmp_path: Path, named: dict[str, str]) -> None:
    """Another address, port or data is no lab's that runs: then it is asked for, and the lab's is left alone."""
    done = call(elsewhere, tmp_path, "runs", NAME, **named)
    port = named.get("MLFLOW_PORT") or ("9" if "MLFLOW_TRACKING_URI" in named else "15000")
    assert f"127.0.0.1:{port}" in done.stderr
