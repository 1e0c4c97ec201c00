"""Which overlay is used: one that a lab of this user made, or an earlier version, and none that came with a clone."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.kernels.overlay import OVERLAY_VARIABLE, Overlay, overlay_dir
from jupyter_utils.kernels.overlay_trust import is_usable, take_over

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def overlay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the folder of an overlay that nobody has spoken of yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = overlay_dir(tmp_path / "notebooks")
    (path / "bin").mkdir(parents=True)
    (path / "bin" / "git").write_text("#!/bin/sh\n")
    (path.parent / ".gitignore").write_text("*\n")
    return path


def git(overlay: Path, *arguments: str) -> None:
    root = overlay.parent.parent
    subprocess.run(["git", "-C", root, "-c", "user.name=x", "-c", "user.email=x@y", *arguments], check=True)


def test_taken_over_once(overlay: Path) -> None:
    """All of it is this user's: it is used from now on, and that is said once."""
    git(overlay, "init", "-q")
    assert not is_usable(overlay)
    assert "earlier version" in str(take_over(overlay))
    assert is_usable(overlay)
    assert take_over(overlay) is None


@pytest.mark.parametrize("tracked", ["bin/git", "."])
def test_not_one_of_a_clone(overlay: Path, tracked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git tracks a file in it: it is named, and no process of the lab uses it."""
    git(overlay, "init", "-q")
    git(overlay, "add", "-f", str(overlay / tracked))
    assert "git ls-files" in str(take_over(overlay))
    assert not is_usable(overlay)
    monkeypatch.setenv(OVERLAY_VARIABLE, str(overlay))
    assert Overlay.of_environment() is None


def test_not_what_a_pull_brings_later(overlay: Path) -> None:
    """Nor if a pull puts files into one that was used before."""
    git(overlay, "init", "-q")
    take_over(overlay)
    git(overlay, "add", "-f", str(overlay / "bin" / "git"))
    assert not is_usable(overlay)


def test_not_a_link_in_its_place(overlay: Path, tmp_path: Path) -> None:
    """A link, which a clone can bring too, leads to files that Git tracks under another name."""
    overlay.rename(tmp_path / "elsewhere")
    overlay.symlink_to(tmp_path / "elsewhere")
    assert "not used" in str(take_over(overlay))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_not_another_users(overlay: Path) -> None:
    """One file of somebody else's in it is enough."""
    os.chown(overlay / "bin" / "git", 65534, 65534)
    assert "another user" in str(take_over(overlay))


def test_not_one_that_was_put_in_its_place(overlay: Path, tmp_path: Path) -> None:
    """The word is for that folder, not for its name; one that is not there yet may be made."""
    take_over(overlay)
    overlay.rename(tmp_path / "away")
    assert is_usable(overlay)
    overlay.mkdir()
    assert not is_usable(overlay)


def test_what_the_lab_makes_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """%pip makes it, and from then on it counts."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = overlay_dir(tmp_path)
    assert is_usable(path)
    Overlay(path).ensure()
    assert is_usable(path)
    assert take_over(path) is None
