"""Whom the store's files are open to."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.errors import SettingsError
from jupyter_utils.settings import Settings
from jupyter_utils.store.privacy import keep_private

if TYPE_CHECKING:
    from pathlib import Path


def old_store(folder: Path) -> Settings:
    """Make a store as an earlier release left it."""
    for name in ("artifacts/0", "auth", ".jupyter-utils"):
        (folder / name).mkdir(parents=True)
    (folder / "mlflow.db").write_text("runs")
    (folder / "auth" / "basic_auth.db").write_text("users")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return Settings(mlflow_store_dir=folder)


def modes(folder: Path, *names: str) -> list[str]:
    return [oct(stat.S_IMODE((folder / name).stat().st_mode)) for name in names]


def test_an_older_store_is_mended_with_a_word(tmp_path: Path) -> None:
    """Once: folder, database, artifacts and users belong to nobody else then."""
    store = tmp_path / "store"
    settings = old_store(store)
    said = keep_private(settings)
    assert said
    assert str(store) in said
    assert "MLFLOW_STORE_GROUP" in said
    assert modes(store, ".", "artifacts", "auth", "mlflow.db") == ["0o700", "0o700", "0o700", "0o600"]
    assert keep_private(settings) is None


def test_a_group_may_read_all_but_the_passwords(tmp_path: Path) -> None:
    """The setting names it; its members cannot write."""
    store = tmp_path / "store"
    group = str(os.getegid())
    settings = old_store(store).model_copy(update={"mlflow_store_group": group})
    assert keep_private(settings)
    assert modes(store, ".", "artifacts", "mlflow.db", "auth") == ["0o2750", "0o2750", "0o640", "0o700"]


def test_a_store_in_the_home_of_a_service(tmp_path: Path) -> None:
    """The folder is the store's own all the same; what else a home has is not the group's."""
    store = tmp_path / "store"
    settings = old_store(store).model_copy(update={"mlflow_store_group": str(os.getegid())})
    (store / ".local").mkdir(mode=0o700)
    assert keep_private(settings)
    assert modes(store, ".", "mlflow.db", ".local") == ["0o2750", "0o640", "0o700"]


def test_a_group_that_is_not_there(tmp_path: Path) -> None:
    """Is named before anything is changed."""
    settings = old_store(tmp_path / "store").model_copy(update={"mlflow_store_group": "no such group"})
    with pytest.raises(SettingsError, match="MLFLOW_STORE_GROUP=no such group"):
        keep_private(settings)
    assert modes(tmp_path / "store", ".") == ["0o755"]


def test_a_folder_that_holds_other_things_stays_open(tmp_path: Path) -> None:
    """Others may need those; what is the store's is private all the same."""
    store = tmp_path / "store"
    settings = old_store(store)
    (store / "notebook.ipynb").write_text("shared")
    (store / "notebook.ipynb").chmod(0o644)
    assert keep_private(settings)
    assert modes(store, ".", "notebook.ipynb", "artifacts", "mlflow.db") == ["0o755", "0o644", "0o700", "0o600"]


def test_everybodys_folder_stays_everybodys(tmp_path: Path) -> None:
    """A store in a folder such as /tmp does not close it."""
    store = tmp_path / "store"
    settings = old_store(store)
    store.chmod(0o1777)
    assert keep_private(settings)
    assert modes(store, ".", "artifacts") == ["0o1777", "0o700"]
