"""What lies in the store before the server starts."""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING

from jupyter_utils.store import layout as store

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


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
