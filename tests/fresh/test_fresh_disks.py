"""Checkouts on another disk than Linux' own: a real exfat, by FUSE."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import fresh_root
import pytest
from commands import ROOT, evaluated
from exfat_disks import exfat_disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.full


@pytest.fixture
def exfat(tmp_path: Path) -> Iterator[Path]:
    """Mount an exfat, which knows no modes, no symbolic links and no case."""
    with exfat_disk(tmp_path / "disk") as folder:
        yield folder


@pytest.fixture
def clone(exfat: Path, tmp_path: Path) -> Path:
    """Return a clone on that disk."""
    fresh_root.publish(tmp_path / "lab.bundle")
    words = ["git", "clone", "--quiet", "--branch", "main", str(tmp_path / "lab.bundle"), str(exfat / "lab")]
    subprocess.run(words, check=True)
    return exfat / "lab"


def test_store_paths_are_the_same(clone: Path) -> None:
    """What is built of that checkout is what is built of any other."""
    for output in ("lab", "python", "units"):
        here = evaluated("-f", f"{clone}/nix/debian", f"{output}.outPath")
        assert here == evaluated("-f", f"{ROOT}/nix/debian", f"{output}.outPath")


@pytest.mark.parametrize("words", [["sh", "quickstart"], ["bash", "quickstart"], ["./quickstart"]])
def test_disk_without_symbolic_links_is_refused_in_one_line(clone: Path, words: list[str]) -> None:
    """Before anything is installed or built, the line names the folder, the reason and the remedy."""
    done = subprocess.run([*words, "--build-only"], cwd=clone, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"the disk of {clone}" in line
    assert "knows no symbolic links" in line
    assert "clone to a folder of Linux' own" in line


def test_disk_that_knows_no_case_is_named(clone: Path, tmp_path: Path) -> None:
    """Where links can be made, two names that differ by case alone are still one file, which is said."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ln").write_text('#!/bin/sh\nexec touch "$3"\n')
    (tmp_path / "bin" / "ln").chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", "set -euo pipefail; . nix/setup/all.sh; check_checkout", "quickstart"],
        cwd=clone,
        env={**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "takes upper and lower case for the same" in done.stderr
