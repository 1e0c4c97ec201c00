"""An overlay that an earlier version of this package made: its packages stay."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.kernels.overlay import Overlay, overlay_dir, overlay_packages

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make the folders and files that release 0.1.0 made below JUPYTER_ROOT_DIR, with one package installed."""
    overlay = tmp_path / ".jupyter-utils" / "overlay"
    overlay.parent.mkdir()
    (overlay.parent / ".gitignore").write_text("*\n")
    (overlay.parent / "overlay.lock").touch()
    make = ["-P", "-m", "venv", "--without-pip", "--system-site-packages", str(overlay)]
    subprocess.run([sys.executable, *make], check=True)
    packages = overlay / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    seen = [entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))]
    (packages / "_environment.pth").write_text("\n".join(seen) + "\n")
    (packages / "one_of_before.py").write_text("version = '1.0'\n")
    (packages / "one_of_before-1.0.dist-info").mkdir()
    (packages / "one_of_before-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: one-of-before\nVersion: 1.0\n"
    )
    (overlay / "environment").write_text(f"{sys.executable}\n{sys.prefix}\n{sys.version}\n")
    return tmp_path


def imported(overlay: Overlay) -> str:
    code = "import one_of_before, numpy; print(one_of_before.version)"
    return subprocess.run([overlay.python, "-I", "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_an_overlay_of_this_environment_is_used_as_it_is(root: Path) -> None:
    """It is found where it was, its packages are listed, and nothing in it is written."""
    overlay = Overlay(overlay_dir(root))
    assert overlay.is_current()
    assert overlay_packages(overlay.path) == [("one-of-before", "1.0")]
    before = {path: path.lstat().st_mtime_ns for path in overlay.path.rglob("*")}
    overlay.ensure()
    assert {path: path.lstat().st_mtime_ns for path in overlay.path.rglob("*")} == before
    assert imported(overlay) == "1.0"


def test_an_overlay_of_an_earlier_environment_is_fitted_to_this_one(root: Path) -> None:
    """As after an update, which brings a new environment: the packages stay."""
    overlay = Overlay(overlay_dir(root))
    (overlay.path / "environment").write_text("/nix/store/gone/bin/python\n/nix/store/gone\n3.11.0\n")
    (overlay.path / "bin" / "python").unlink()
    (overlay.path / "bin" / "python").symlink_to("/nix/store/gone/bin/python")
    assert not overlay.is_current()
    overlay.ensure()
    assert overlay.is_current()
    assert overlay_packages(overlay.path) == [("one-of-before", "1.0")]
    assert imported(overlay) == "1.0"
