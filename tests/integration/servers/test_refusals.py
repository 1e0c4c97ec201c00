"""Bad input and bad luck: a clear message, a non-zero exit, nothing half-made."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING
from unittest import mock

import pytest
import servers
from click.testing import CliRunner
from jupyter_utils import cli

if TYPE_CHECKING:
    from pathlib import Path


def refused(command: str, folder: Path, *extra: str, **settings: str | None) -> str:
    """Run a command that must fail before it starts anything, in this process; return what it says."""
    started = mock.patch("jupyter_utils.servers.lab.run_guarded", side_effect=AssertionError("it was started"))
    environment = mock.patch.dict(os.environ, servers.environment(folder, **settings), clear=True)
    with environment, contextlib.chdir(folder), started:
        done = CliRunner().invoke(cli.main, [command, *extra])
    assert done.exit_code == 1, done.output
    assert isinstance(done.exception, SystemExit), done.exception
    assert done.stderr.startswith("Error: ")
    return done.stderr


@pytest.mark.parametrize("setting", ["JUPYTER_PORT", "MLFLOW_PORT"])
def test_a_taken_port_is_named_with_its_holder_and_its_setting(tmp_path: Path, setting: str) -> None:
    """No other port is picked in silence: bookmarks and notebooks would point to a stranger's server."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        said = refused("lab", tmp_path, **{setting: port})
    assert port in said
    assert f"Set {setting} to another port" in said
    assert f"process {os.getpid()} " in said
    assert not (tmp_path / "mlflow" / "mlflow.db").exists()


def test_a_second_lab_on_the_same_ports_is_refused(lab: servers.Started) -> None:
    """Starting twice by mistake says where the first one is, and does not disturb it."""
    said = servers.run(["lab"], lab.env, lab.folder)
    assert said.returncode == 1
    assert "jupyter-utils url" in said.stderr
    assert lab.process.poll() is None


@pytest.mark.parametrize("setting", ["JUPYTER_ROOT_DIR", "MLFLOW_STORE_DIR"])
def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path, setting: str) -> None:
    """/proc refuses new files even to root, as a foreign or read-only directory does to others."""
    said = refused("lab", tmp_path, **{setting: "/proc/self/fdinfo"})
    assert f"{setting}=/proc/self/fdinfo" in said
    assert "chown" in said


def test_a_notebook_directory_outside_the_root_is_refused(tmp_path: Path) -> None:
    """The file browser could not open there."""
    said = refused("lab", tmp_path, JUPYTER_NOTEBOOK_DIR=str(tmp_path))
    assert f"JUPYTER_NOTEBOOK_DIR={tmp_path} lies outside of JUPYTER_ROOT_DIR" in said


@pytest.mark.parametrize("folder", [".", "mlruns"])
@pytest.mark.parametrize("command", ["lab", "mlflow"])
def test_an_old_plain_file_store_is_not_passed_over(tmp_path: Path, folder: str, command: str) -> None:
    """Starting on an empty database would look as if all runs were lost."""
    experiment = tmp_path / "mlflow" / folder / "0"
    experiment.mkdir(parents=True)
    (experiment / "meta.yaml").write_text("experiment_id: '0'\n")
    said = refused(command, tmp_path)
    assert f"MLFLOW_STORE_DIR={tmp_path}/mlflow jupyter-utils import-file-store" in said
    assert not (tmp_path / "mlflow" / "mlflow.db").exists()


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("JUPYTER_PORT", "eighty", "integer"),
        ("MLFLOW_PORT", "70000", "65535"),
        ("MLFLOW_AUTH", "maybe", "'off'"),
        ("LISTEN_ADDRESS", "192.0.2.1", "127.0.0.1"),
        ("MLFLOW_BACKEND_STORE_URI", "/some/folder", "sqlite:///"),
        ("JUPYTER_TOKEN_FILE", "/no/such/file", "readable"),
        ("JUPYTER_PASSWORD_FILE", "/dev/null", "is empty"),
        ("EXTRA_CA_CERTS", "/no/such/bundle.pem", "PEM"),
    ],
)
def test_a_bad_value_is_named_with_its_variable(tmp_path: Path, name: str, value: str, remedy: str) -> None:
    """Variable, value and what would be right."""
    said = refused("lab", tmp_path, **{name: value})
    assert name in said
    assert value in said
    assert remedy in said


def test_arguments_that_have_a_setting_are_refused(tmp_path: Path) -> None:
    """`-- --port=1` would start a server where nobody waits for it."""
    assert "set JUPYTER_PORT instead" in refused("lab", tmp_path, "--", "--ServerApp.port=1")
    assert "set MLFLOW_PORT instead" in refused("mlflow", tmp_path, "--", "--port=1")


def test_a_server_that_cannot_start_is_shown_with_its_reason(tmp_path: Path) -> None:
    """A damaged database: exit code, which server, and the end of its log on the screen."""
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow" / "mlflow.db").write_text("no database at all " * 100)
    with servers.started("mlflow", tmp_path) as server:
        assert server.wait(60) == 1
        assert "MLflow ended with exit code 1" in server.output
        assert "file is not a database" in server.output


def test_url_says_when_nothing_runs(tmp_path: Path) -> None:
    """And its exit code tells scripts."""
    done = servers.run(["url"], servers.environment(tmp_path), tmp_path)
    assert done.returncode == 1
    assert "No lab of yours is running" in done.stderr
