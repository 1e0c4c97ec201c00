"""Folders and files of any mode: protected raw data is saved, and comes back as protected as it was."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = 65534

# Run as a user for whom modes count, which they do not for root.
ROUND_TRIP = """
import sys
from pathlib import Path
from jupyter_utils.artifacts import writing
from jupyter_utils.artifacts.formats.files import read_path
planned, problems = writing.plan("dataset", {"raw": Path(sys.argv[1])})
if problems:
    sys.exit(str(problems[0]))
stored = writing.write(planned[0], Path(sys.argv[2]))
copied = Path(sys.argv[2], "dataset", "raw")
(copied / "more").touch() if copied.is_dir() else None  # whoever cleans up or moves it may
(copied / "more").unlink() if copied.is_dir() else None
read_path(copied, stored.details)
"""


def modes(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root.parent).as_posix(): oct(path.stat().st_mode & 0o777) for path in [root, *root.rglob("*")]
    }


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder of a user who is not root."""
    folder = tmp_path / "user"
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
        for above in (tmp_path, *tmp_path.parents):
            above.chmod(above.stat().st_mode | 0o111)
    return folder


def run(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    environment = {
        **os.environ,
        "PYTHONPATH": ":".join(sys.path),
        "HOME": str(target.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        [sys.executable, "-c", ROUND_TRIP, str(source), str(target)],
        capture_output=True, text=True, check=False, env=environment, cwd="/", **user,
    )  # fmt: skip


def make(root: Path, files: dict[str, int], folders: dict[str, int]) -> None:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    for name in folders:
        (root / name).mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        for path in [root, *root.rglob("*")]:
            os.chown(path, NOBODY, NOBODY)
    for name, mode in files.items():
        (root / name).chmod(mode)
    for name, mode in sorted(folders.items(), reverse=True):
        (root / name).chmod(mode)


def test_protected_folder_comes_back_protected(place: Path) -> None:
    """With each file's and each folder's mode, the empty ones' included."""
    files = {"a.csv": 0o444, "b/c.csv": 0o444, "b/d.csv": 0o444, "run.sh": 0o755, "own.txt": 0o600}
    make(place / "raw", files, {".": 0o555, "b": 0o555, "b/empty": 0o500, "open": 0o775})
    done = run(place / "raw", place / "out")
    assert done.returncode == 0, done.stderr
    assert modes(place / "out" / "dataset" / "raw") == modes(place / "raw")
    assert (place / "out" / "dataset" / "raw" / "b" / "c.csv").read_text() == "b/c.csv"


def test_protected_file(place: Path) -> None:
    make(place, {"raw.csv": 0o440}, {})
    done = run(place / "raw.csv", place / "out")
    assert done.returncode == 0, done.stderr
    assert (place / "out" / "dataset" / "raw").stat().st_mode & 0o777 == 0o440


@pytest.mark.parametrize("mode", [0o000, 0o111, 0o333, 0o444, 0o666])
@pytest.mark.parametrize("name", [".", "b", "b/c"])
def test_folder_that_cannot_be_listed_or_entered(name: str, mode: int, place: Path) -> None:
    """It is refused by name, not saved as if it were empty."""
    make(place / "raw", {"a.csv": 0o444, "b/c/d.csv": 0o444}, {name: mode})
    done = run(place / "raw", place / "out")
    assert done.returncode == 1
    assert "dataset['raw']" in done.stderr
    assert "may not be" in done.stderr or "cannot be read" in done.stderr
    assert not (place / "out").exists()


def test_file_behind_a_folder_that_may_not_be_entered(place: Path) -> None:
    make(place / "raw", {"a.csv": 0o444}, {".": 0o666})
    done = run(place / "raw" / "a.csv", place / "out")
    assert "may not be entered" in done.stderr
