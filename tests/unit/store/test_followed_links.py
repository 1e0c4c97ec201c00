"""Which paths of this machine lie in a store, whatever links lead in or out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.store.locations import Locations

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a store with links in it, beside a folder that is none of it."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "token").write_text("secret")
    inside = tmp_path / "artifacts" / "0" / "run"
    inside.mkdir(parents=True)
    (inside / "note.txt").write_text("note")
    (inside / "out").symlink_to(tmp_path / "elsewhere")
    (inside / "token").symlink_to(tmp_path / "elsewhere" / "token")
    (inside / "new").symlink_to(tmp_path / "elsewhere" / "not there yet")
    (inside / "within").symlink_to(inside / "note.txt")
    (inside / "turn").symlink_to("turn")
    (tmp_path / "way").symlink_to(tmp_path / "artifacts")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("0/run/note.txt", True),
        ("0/run/other/folder/new.txt", True),
        ("0/run/within", True),
        ("0/run/../run/note.txt", True),
        ("0/run/.", True),
        ("0/run/", True),
        ("", True),
        ("0/run/out", False),
        ("0/run/out/token", False),
        ("0/run/out/new.txt", False),
        ("0/run/out/deep/new.txt", False),
        ("0/run/token", False),
        ("0/run/new", False),
        ("0/run/out/../token", False),
        ("../elsewhere/token", False),
        ("0/../../elsewhere", False),
        ("0/run/out/..", False),
        (".jupyter-utils/x", False),
    ],
)
@pytest.mark.parametrize("root", ["artifacts", "way"])
def test_what_a_store_holds(folder: Path, name: str, held: bool, root: str) -> None:
    """By its own path, or by a link to the store; as the system follows the path, not as it is written."""
    places = Locations(str(folder / root))
    assert places.holds(os.path.join(folder, "artifacts", name)) is held  # noqa: PTH118 - as it is written
    assert places.holds(os.path.join(folder, "way", name)) is held  # noqa: PTH118 - as it is written


def test_a_store_that_moves_while_it_is_served(folder: Path) -> None:
    """The link to it is looked at again."""
    places = Locations(str(folder / "way"))
    assert places.holds(str(folder / "way" / "0"))
    (folder / "artifacts").rename(folder / "disk")
    (folder / "way").unlink()
    (folder / "way").symlink_to(folder / "disk")
    assert places.holds(str(folder / "way" / "0"))
    assert not places.holds(str(folder / "elsewhere"))
