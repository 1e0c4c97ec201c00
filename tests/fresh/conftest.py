"""Fresh machines: one archive a release of Debian, unpacked anew for each test."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import fresh_root
import pytest
from commands import nix

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
    """Return a folder with the wheels that this machine has, as pip takes them; they cost no space."""
    folder = tmp_path_factory.mktemp("wheels")
    result = nix("eval", "--json", "-f", "nix/debian", "files.wheels")
    assert result.returncode == 0, result.stderr
    for entry in json.loads(result.stdout):
        if not Path(entry["path"]).exists():
            continue
        try:
            os.link(entry["path"], folder / entry["file"])
        except FileExistsError:
            continue
        except OSError:
            shutil.copyfile(entry["path"], folder / entry["file"])
    folder.chmod(0o755)
    return folder


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
