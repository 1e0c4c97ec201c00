"""Small parts of the launchers."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections import namedtuple
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.errors import DirectoryError
from jupyter_utils.launchers import files, mlflow_app, store
from jupyter_utils.launchers.logs import Tail

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


def test_a_private_file_is_whole_or_not_at_all(tmp_path: Path) -> None:
    """No half-written file, and nothing left beside it, when writing fails."""
    path = tmp_path / "state.json"
    files.write_private(path, "old")
    with pytest.raises(UnicodeEncodeError):
        files.write_private(path, "new \udc00")
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]


def test_a_file_in_place_of_a_directory_is_named(tmp_path: Path) -> None:
    """With the setting that changes it."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(DirectoryError, match=f"MLFLOW_STORE_DIR={tmp_path}/taken/sub"):
        files.writable_dir(tmp_path / "taken" / "sub", "MLFLOW_STORE_DIR")


def test_a_store_on_a_windows_drive_gets_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """WSL2 mounts them as 9p, where SQLite's locks are not reliable; the deepest mount decides."""
    partition = namedtuple("partition", "mountpoint fstype")  # noqa: PYI024
    mounts = [partition("/", "ext4"), partition(str(tmp_path), "9p"), partition(str(tmp_path / "linux"), "ext4")]
    monkeypatch.setattr(store.psutil, "disk_partitions", lambda **_: mounts)
    assert str(tmp_path) in (store.windows_drive_warning(tmp_path / "mlflow") or "")
    assert store.windows_drive_warning(tmp_path / "linux" / "mlflow") is None


def test_a_store_is_old_by_its_experiments_only(tmp_path: Path) -> None:
    """Neither today's artifacts, nor somebody's numbered folders, are an old store."""
    (tmp_path / "artifacts" / "0" / "run").mkdir(parents=True)
    (tmp_path / "2024").mkdir()
    assert store.file_store(tmp_path) is None
    (tmp_path / "mlruns" / "123").mkdir(parents=True)
    (tmp_path / "mlruns" / "123" / "meta.yaml").touch()
    assert store.file_store(tmp_path) == tmp_path / "mlruns"


def test_only_what_a_user_should_see_is_shown_of_a_log(tmp_path: Path) -> None:
    """Warnings, errors and their traces; lines that come in two parts are shown once they are whole."""
    log = tmp_path / "log"
    log.write_bytes("[I 2026 App] fine\n[W 2026 App] 注意\n[I 2026 App] fine\nTraceback (most recent".encode())
    tail = Tail(log)
    assert list(tail.lines()) == ["[W 2026 App] 注意"]
    with log.open("a") as file:
        file.write(" call last):\n  File x\nValueError: bad\n[I 2026 App] fine\n")
    assert list(tail.lines()) == ["Traceback (most recent call last):", "  File x", "ValueError: bad"]
    assert list(tail.lines()) == []


def test_the_names_of_mlflows_variables_are_its_own() -> None:
    """What `mlflow server` tells its workers is told under the same names."""
    code = (
        "from mlflow.server import constants as c; from mlflow import environment_variables as e;"
        "print(c.BACKEND_STORE_URI_ENV_VAR, c.REGISTRY_STORE_URI_ENV_VAR, c.ARTIFACT_ROOT_ENV_VAR,"
        " c.ARTIFACTS_DESTINATION_ENV_VAR, c.SERVE_ARTIFACTS_ENV_VAR, e._MLFLOW_SGI_NAME.name)"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        mlflow_app.BACKEND_STORE_URI,
        mlflow_app.REGISTRY_STORE_URI,
        mlflow_app.ARTIFACT_ROOT,
        mlflow_app.ARTIFACTS_DESTINATION,
        mlflow_app.SERVE_ARTIFACTS,
        mlflow_app.SERVER_KIND,
    ]


@pytest.mark.parametrize(
    "code", ["import jupyter_utils", "import jupyter_utils.cli", "import jupyter_utils.launchers.lab"]
)
def test_nothing_heavy_is_imported_by_the_way(code: str) -> None:
    """`import jupyter_utils` in a notebook, and the console command, must not take seconds."""
    check = f"{code}; import sys; print(*{{'torch', 'transformers', 'mlflow', 'pandas'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_public_names_are_there() -> None:
    """Each name of `__all__` can be had, and an unknown one is an AttributeError."""
    import jupyter_utils  # noqa: PLC0415

    assert jupyter_utils.JupyterUtilsError.__name__ == "JupyterUtilsError"
    assert set(jupyter_utils.__all__) <= set(dir(jupyter_utils))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = jupyter_utils.nothing
