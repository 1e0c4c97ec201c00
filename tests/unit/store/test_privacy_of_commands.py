"""What backup, restore, copy-store and import-file-store write is open to nobody else, whatever the caller's umask."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.settings import read_settings
from jupyter_utils.store.backup import back_up
from jupyter_utils.store.copy_store import copy_store
from jupyter_utils.store.import_file_store import import_file_store
from jupyter_utils.store.restore import restore
from jupyter_utils.store.schema import upgrade
from small_store import small_store, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jupyter_utils.settings import Settings


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    """Let new files be everybody's to read, as at most prompts."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Make a store of an earlier release, all of it open, and settings that name it."""
    return small_store(tmp_path, monkeypatch)


def everything(folder: Path) -> list[Path]:
    return [path for path in (folder, *folder.rglob("*")) if not path.is_symlink()]


def open_to_others(folder: Path, allowed: int = 0) -> dict[str, str]:
    """Give path -> mode of what others, or the group beyond `allowed`, may touch."""
    modes = {str(path): stat.S_IMODE(path.stat().st_mode) for path in everything(folder)}
    return {path: oct(mode) for path, mode in modes.items() if mode & 0o077 & ~allowed}


def test_a_backup(settings: Settings, tmp_path: Path) -> None:
    """Its folder, and all in it: old artifacts were everybody's to read."""
    back_up(settings, tmp_path / "new" / "backups")
    assert open_to_others(tmp_path / "new") == {}
    assert os.umask(0o022) == 0o022


@pytest.mark.usefixtures("settings")
def test_a_backup_for_a_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its members may read all but the users' passwords, and may write nowhere."""
    group = os.getegid()
    monkeypatch.setenv("MLFLOW_STORE_GROUP", str(group))
    made = back_up(read_settings(), tmp_path / "backups")
    assert open_to_others(made.path, allowed=0o050) == {}
    assert open_to_others(made.path / "auth") == {}
    model = made.path / "artifacts" / "0" / "a" / "model.bin"
    for path in (made.path, *model.parents[:3], model, made.path / "mlflow.db"):
        assert path.stat().st_mode & 0o040, path
        assert path.stat().st_gid == group
    assert f"could read {made.path}" not in capsys.readouterr().err


def test_older_backups_are_mended_with_a_word(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder of all as well, where it holds nothing else."""
    target = tmp_path / "backups"
    old = back_up(settings, target).path
    for path in everything(target):
        path.chmod(0o755 if path.is_dir() else 0o644)
    capsys.readouterr()
    shutil.move(old, target / "mlflow-20200101T000000Z")
    (target / "latest").unlink()
    back_up(settings, target)
    said = capsys.readouterr().err
    assert f"could read {target}, {target}/mlflow-20200101T000000Z;" in said
    for folder in (target, target / "mlflow-20200101T000000Z"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_backups_beside_other_things(settings: Settings, tmp_path: Path) -> None:
    """A folder of somebody's that holds other things stays open; the backup in it does not."""
    write(tmp_path / "disk" / "photo.png", b"photo")
    made = back_up(settings, tmp_path / "disk")
    assert stat.S_IMODE((tmp_path / "disk").stat().st_mode) == 0o755
    assert open_to_others(made.path) == {}


def test_a_restored_store(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Out of a backup of an earlier release, into a new place and into an open store."""
    made = back_up(settings, tmp_path / "backups")
    for path in everything(made.path):
        path.chmod(0o755 if path.is_dir() else 0o644)
    restore(settings, made.path)
    said = capsys.readouterr().err
    assert f"could read {settings.store_dir}" in said
    shown = open_to_others(settings.store_dir)
    # What went aside was open before; nobody gets as far as that.
    assert all(".replaced-" in path for path in shown), shown
    assert stat.S_IMODE(settings.store_dir.stat().st_mode) == 0o700


def test_a_copied_store(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Database and artifacts, into folders that nobody has made before."""
    (settings.store_dir / "mlflow.db").unlink()
    upgrade(settings.backend_store_uri)
    monkeypatch.setenv("MLFLOW_BACKEND_STORE_URI", f"sqlite:///{tmp_path}/new.db")
    monkeypatch.setenv("MLFLOW_ARTIFACTS_DESTINATION", str(tmp_path / "new" / "artifacts"))
    assert copy_store(read_settings()).files == 1
    assert open_to_others(tmp_path / "new") == {}
    assert open_to_others(tmp_path / "new.db") == {}


def test_an_imported_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new database and the copies; the old files lie in a folder that is nobody else's now."""
    settings = small_store(tmp_path, monkeypatch)
    shutil.rmtree(settings.store_dir)
    run = "0123456789abcdef0123456789abcdef"
    experiment = settings.store_dir / "mlruns" / "1"
    write(
        experiment / "meta.yaml",
        f"artifact_location: file://{experiment}\ncreation_time: 1\nexperiment_id: '1'\nlast_update_time: 1\n"
        "lifecycle_stage: active\nname: old\n".encode(),
    )
    write(
        experiment / run / "meta.yaml",
        f"artifact_uri: file://{experiment}/{run}/artifacts\nend_time: 2\nentry_point_name: ''\n"
        f"experiment_id: '1'\nlifecycle_stage: active\nrun_id: {run}\nrun_name: old\nrun_uuid: {run}\n"
        "source_name: ''\nsource_type: 4\nsource_version: ''\nstart_time: 1\nstatus: 3\ntags: []\n"
        "user_id: u\n".encode(),
    )
    write(experiment / run / "artifacts" / "model.bin", b"one")
    for name in ("metrics", "params", "tags"):
        (experiment / run / name).mkdir()
    done = import_file_store(settings)
    assert (done.runs, done.files) == (1, 1)
    assert stat.S_IMODE(settings.store_dir.stat().st_mode) == 0o700
    assert open_to_others(settings.store_dir / "mlflow.db") == {}
    assert open_to_others(settings.store_dir / "artifacts") == {}
