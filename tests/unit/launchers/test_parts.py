"""Small parts of the launchers."""

from __future__ import annotations

import importlib.util
import runpy
import stat
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from jupyter_utils import migrate
from jupyter_utils.errors import DirectoryError
from jupyter_utils.launchers import files, mlflow_app, server_info, store
from jupyter_utils.launchers.logs import Tail
from jupyter_utils.shadowing import Shadows


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


def test_what_nobody_can_change_is_left_to_the_log(tmp_path: Path) -> None:
    """What each kernel and each requested stop writes would only frighten."""
    log = tmp_path / "log"
    log.write_text(
        "[IPKernelApp] WARNING | Kernel is running over TCP without encryption. All communication is plain text.\n"
        "[W 2026 ServerApp] The websocket_ping_timeout (90000) cannot be longer than the websocket_ping_interval.\n"
        "[C 2026 ServerApp] received signal 15, stopping\n"
        "[IPKernelApp] WARNING | Something else\n"
    )
    assert list(Tail(log).lines()) == ["[IPKernelApp] WARNING | Something else"]


def test_little_space_is_said_with_the_setting(tmp_path: Path) -> None:
    """For a folder that need not exist yet."""
    assert files.little_space(tmp_path / "a" / "b", "MLFLOW_STORE_DIR", 1) is None
    said = files.little_space(tmp_path / "a" / "b", "MLFLOW_STORE_DIR", 2**60)
    assert f"MLFLOW_STORE_DIR={tmp_path}/a/b lies on a disk with" in said
    assert "1073741824.0 GiB are needed" in said


def test_a_module_that_hides_a_package_is_named_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin of a notebook called after a package; not what is imported already, nor what hides nothing."""
    place = tmp_path / "site-packages"
    for name in ("hidden", "pytest"):
        (place / name).mkdir(parents=True)
        (place / name / "__init__.py").touch()
    folder = tmp_path / "notebooks"
    folder.mkdir()
    monkeypatch.chdir(folder)
    shadows = Shadows([str(place)])
    assert shadows.new() == []
    for name in ("hidden", "pytest", "mine"):
        (folder / f"{name}.py").touch()
    (said,) = shadows.new()
    assert said.startswith("hidden.py beside your notebook hides the package hidden")
    assert shadows.new() == []


def test_a_failed_migration_takes_its_copies_back(tmp_path: Path) -> None:
    """And nothing else: neither the old files, nor what others have put into the new folder."""
    old, new = tmp_path / "0" / "run" / "artifacts", tmp_path / "artifacts"
    for file in (old / "model", new / "0" / "other" / "note"):
        file.parent.mkdir(parents=True)
        file.write_text("whole")
    adoption = migrate._Adoption(tmp_path, new, migrate.Migrated(tmp_path / "mlflow.db"))
    assert (
        adoption.adopt("run", "/opt/mlflow/0/run/artifacts", "0/run/artifacts") == "mlflow-artifacts:/0/run/artifacts"
    )
    assert (new / "0/run/artifacts/model").read_text() == "whole"
    adoption.undo()
    assert (old / "model").read_text() == "whole"
    assert [path for path in new.rglob("*") if path.is_file()] == [new / "0" / "other" / "note"]
    assert not (new / "0" / "run").exists()


def test_the_names_of_mlflows_variables_are_its_own() -> None:
    """What `mlflow server` tells its workers is told under the same names; read from its files, which load slowly."""
    package = Path(importlib.util.find_spec("mlflow").origin).parent
    constants = runpy.run_path(str(package / "server" / "constants.py"))
    names = ("BACKEND_STORE_URI", "REGISTRY_STORE_URI", "ARTIFACT_ROOT", "ARTIFACTS_DESTINATION", "SERVE_ARTIFACTS")
    assert [constants[f"{name}_ENV_VAR"] for name in names] == [getattr(mlflow_app, name) for name in names]
    variables = (package / "environment_variables.py").read_text(encoding="utf-8")
    assert {f'"{name}"' in variables for name in (mlflow_app.SERVER_KIND, mlflow_app.ADMIN_BOOTSTRAPPED)} == {True}
    assert {f'"{name}"' in variables for name in server_info.WAYS.values()} == {True}
    told = (package / "utils" / "server_info.py").read_text(encoding="utf-8")
    assert {f'"{name}"' in told for name in server_info.WAYS} == {True}
    log_config = Path(mlflow_app.log_config())
    assert log_config.is_file()
    assert f'"{log_config.name}"' in (package / "server" / "__init__.py").read_text(encoding="utf-8")


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
