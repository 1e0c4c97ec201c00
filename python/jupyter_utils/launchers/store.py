"""What lies in MLFLOW_STORE_DIR before the MLflow server starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped]

from jupyter_utils.errors import OldStoreError, SettingsError
from jupyter_utils.network import mask
from jupyter_utils.variables import given

if TYPE_CHECKING:
    from pathlib import Path

DATABASE = "mlflow.db"
_FILE_STORE_FOLDERS = (".", "mlruns")
# How WSL2 (9p) and WSL1 (drvfs) mount Windows drives; virtiofs is Docker Desktop's way to the host's files.
_WINDOWS_FILESYSTEMS = ("9p", "drvfs")


def file_store(store_dir: Path) -> Path | None:
    """Find the root of a plain file store in `store_dir`: it holds a `meta.yaml` per experiment."""
    for name in _FILE_STORE_FOLDERS:
        root = store_dir / name
        if any(meta.parent.name.isdigit() for meta in root.glob("*/meta.yaml")):
            return root.resolve()
    return None


def check_store(store_dir: Path) -> None:
    """Make sure that data of an old MLflow is not passed over in silence.

    Raises:
        OldStoreError: there is a plain file store and no database.

    """
    found = file_store(store_dir)
    if found and not (store_dir / DATABASE).exists():
        raise OldStoreError(
            f"MLFLOW_STORE_DIR={store_dir} holds runs of an older MLflow in plain files ({found}), which MLflow has "
            "refused to open since 3.13. Nothing was started, nothing was changed. "
            f"Migrate them with:  {_migration(store_dir)}\n"
            "(the old files stay where they are), or set MLFLOW_STORE_DIR to another directory to begin anew."
        )


def _migration(store_dir: Path) -> str:
    if given("JUPYTER_UTILS_PROFILE") == "container":
        return "docker-compose run --rm mlflow jupyter-utils migrate"
    return f"MLFLOW_STORE_DIR={store_dir} jupyter-utils migrate"


def check_backend(uri: str | None) -> None:
    """Make sure that MLFLOW_BACKEND_STORE_URI names a database.

    Raises:
        SettingsError: it names a directory.

    """
    if uri is not None and ("://" not in uri or uri.startswith("file:")):
        raise SettingsError(
            f"MLFLOW_BACKEND_STORE_URI={mask(uri)!r} names no database, and MLflow keeps runs in nothing else since "
            "3.13. Give sqlite:////absolute/path/mlflow.db or postgresql://..., or unset it to use MLFLOW_STORE_DIR."
        )


def remove_database(file: Path) -> None:
    """Remove an SQLite database and what SQLite keeps beside it, where they are there."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def windows_drive(path: Path) -> str | None:
    """Find the mount point of the Windows drive that `path` lies on (under WSL), if it does."""
    resolved = path.resolve()
    mounts = [part for part in psutil.disk_partitions(all=True) if resolved.is_relative_to(part.mountpoint)]
    deepest = max(mounts, key=lambda part: len(part.mountpoint), default=None)
    return str(deepest.mountpoint) if deepest and deepest.fstype in _WINDOWS_FILESYSTEMS else None


def windows_drive_warning(store_dir: Path) -> str | None:
    """Warn of a store whose file system neither locks nor syncs as SQLite needs it."""
    drive = windows_drive(store_dir)
    if drive is None:
        return None
    return (
        f"MLFLOW_STORE_DIR={store_dir} lies on the Windows drive {drive}, where SQLite is slow and its locks are not "
        "reliable. Choose a directory in the Linux file system, e.g. MLFLOW_STORE_DIR=$HOME/mlflow"
    )
