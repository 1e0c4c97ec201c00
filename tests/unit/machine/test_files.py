"""Files of the launchers: secrets, folders, space."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.errors import DirectoryError
from jupyter_utils.machine import files

if TYPE_CHECKING:
    from pathlib import Path


def test_a_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    """The same the next time, and a file that others could read is closed."""
    path = tmp_path / "token"
    secret = files.kept_secret(path)
    assert len(secret) == 48
    path.chmod(0o644)
    assert files.kept_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_in_place_of_a_directory_is_named(tmp_path: Path) -> None:
    """With the setting that changes it."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(DirectoryError, match=f"MLFLOW_STORE_DIR={tmp_path}/taken/sub"):
        files.writable_dir(tmp_path / "taken" / "sub", "MLFLOW_STORE_DIR")


def test_little_space_is_said_with_the_setting(tmp_path: Path) -> None:
    """For a folder that need not exist yet."""
    assert files.little_space(tmp_path / "a" / "b", "MLFLOW_STORE_DIR", 1) is None
    said = files.little_space(tmp_path / "a" / "b", "MLFLOW_STORE_DIR", 2**60)
    assert f"MLFLOW_STORE_DIR={tmp_path}/a/b lies on a disk with" in said
    assert "1.0 EiB are needed" in said
