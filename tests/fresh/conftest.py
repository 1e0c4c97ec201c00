"""Fresh machines: one archive a release of Debian, unpacked anew for each test."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import fresh_root
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the archives; FRESH_ROOTS names one that keeps them from run to run."""
    if os.geteuid() != 0:
        pytest.skip("a root folder of its own needs root")
    for program in ("mmdebstrap", "unshare", "pivot_root"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} on the path")
    kept = os.environ.get("FRESH_ROOTS")
    return Path(kept) if kept else tmp_path_factory.mktemp("archives")


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheels that this machine has."""
    return fresh_root.link_wheels(tmp_path_factory.mktemp("wheels"))


@pytest.fixture
def fresh(archives: Path, tmp_path: Path) -> Iterator[Callable[..., fresh_root.FreshRoot]]:
    """Return a function that makes a fresh machine of a release; it goes with the test."""
    made: list[Path] = []

    def make(suite: str, wheels: Path | None = None) -> fresh_root.FreshRoot:
        made.append(tmp_path / f"root-{suite}-{len(made)}")
        return fresh_root.make(fresh_root.archive(suite, archives), made[-1], wheels)

    yield make
    for folder in made:
        fresh_root.remove(folder)
