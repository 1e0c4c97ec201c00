"""A store on a full disk: said before anything is started, and nothing half-made is left."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import servers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a file system of this size."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a small file system cannot be mounted: {getattr(error, 'stderr', None) or error}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of 128 KiB."""
    with small_disk(tmp_path / "disk", "128k") as folder:
        yield folder


@pytest.mark.parametrize("command", ["lab", "mlflow"])
def test_no_store_is_begun_on_a_full_disk(disk: Path, tmp_path: Path, command: str) -> None:
    """The setting, what is free, what is needed; and not even a folder is made."""
    done = servers.run([command], servers.environment(tmp_path, MLFLOW_STORE_DIR=str(disk / "mlflow")), tmp_path)
    assert done.returncode == 1
    assert (
        f"Error: MLFLOW_STORE_DIR={disk}/mlflow lies on a disk with 128.0 KiB free; 16.0 MiB are needed" in done.stderr
    )
    assert "Traceback" not in done.stderr
    assert list(disk.iterdir()) == []


def test_a_disk_that_fills_up_meanwhile_leaves_no_half_database(disk: Path) -> None:
    """The tables are made under another name; what names the setting ends the server's log."""
    module = "jupyter_utils.servers.mlflow_app.preparation"
    code = f"from {module} import migrate_schema; migrate_schema('sqlite:///{disk}/mlflow.db')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"ERROR: MLflow's database {disk}/mlflow.db could not be made")
    assert "disk is full" in last
    assert "MLFLOW_STORE_DIR" in last
    assert [path.name for path in disk.iterdir()] == [".mlflow.db.lock"], "and that is empty"


def test_nearly_full_disks_are_warned_of(tmp_path: Path) -> None:
    """Where a lab can still run; here it ends at a setting that is wrong besides."""
    with small_disk(tmp_path / "disk", "32m") as disk:
        env = servers.environment(tmp_path, JUPYTER_ROOT_DIR=str(disk), MLFLOW_BACKEND_STORE_URI="nonsense")
        done = servers.run(["lab"], env, tmp_path)
    assert f"Warning: JUPYTER_NOTEBOOK_DIR={disk} lies on a disk with 32.0 MiB free" in done.stderr
