"""What a run is run again in: a sandbox, a disk that is full, and the packages that `%pip` had added."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import overlays
import pytest
from jupyter_utils.kernels.overlay import OVERLAY_VARIABLE, overlay_dir
from jupyter_utils.reproduction.surroundings import room
from reproducing import SAVE, command, saved_by
from small_disks import small_disk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Repo, Runs

pytestmark = pytest.mark.full


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))


def work_folders(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "cache" / "jupyter-utils" / "reproductions").glob("*"))


WRITING = """
import os
from pathlib import Path
home = Path(os.environ["HOME"])
print("keys", [one.name for one in (home / ".ssh").glob("*")])
for place in (home / "from the notebook.txt", Path("../data/made.txt")):
    try:
        place.write_text("x")
    except OSError as error:
        print("refused", error)
"""
READING = "score = float(Path('../data/x.csv').stat().st_size + len(Path('ROOT/data/x.csv').read_text()))"


@pytest.fixture
def tmp_path_outside() -> Iterator[Path]:
    """Give a folder that does not lie in /tmp, where a sandbox may write."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        yield Path(folder)


def test_in_a_sandbox(
    runs: Runs, repo: Repo, tmp_path: Path, tmp_path_outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the user's is written, keys are hidden, and absolute paths lead to what was laid out."""
    if not room().bwrap:
        pytest.skip(f"no sandbox here: {room().why}")
    home = tmp_path_outside / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id").write_text("key")
    monkeypatch.setenv("HOME", str(home))
    (repo.path / "data").mkdir()
    (repo.path / "data" / "x.csv").write_text("1\n2\n")
    file = repo.path / "実験 ノート" / "学習 1.ipynb"
    cells = ("import jupyter_utils", WRITING, READING.replace("ROOT", str(repo.path)), SAVE)
    run = saved_by(file, runs.uri, *cells)
    written = (home / "from the notebook.txt", repo.path / "data" / "made.txt")
    for one in written:
        one.unlink()
    done = command(run, runs.uri, repo.path)
    assert not any(one.exists() for one in written), done.stdout
    assert done.returncode == 0, done.stdout + done.stderr
    assert "without a sandbox" not in done.stdout
    assert "What was read: 1 same\n" in done.stdout
    assert work_folders(tmp_path) == []


def test_a_full_disk(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """The report says which cell it was; where nothing fits at all, the command says so; nothing else is touched."""
    cells = (
        "import jupyter_utils, os",
        "_ = open('large.bin', 'wb').write(bytes(int(os.environ['LARGE'])))\nscore = 1.0",
        SAVE,
    )
    run = saved_by(repo.path / "n.ipynb", runs.uri, *cells, LARGE="10")
    before = repo.git("status", "--short")
    with small_disk(tmp_path / "cache", "30m"):
        done = command(run, runs.uri, repo.path, LARGE=str(60 * 2**20))
        assert done.returncode == 3, done.stdout + done.stderr
        assert "No space left" in done.stdout + done.stderr
        assert "n.ipynb" in done.stderr
        (tmp_path / "cache" / "filled").write_bytes(b"")
        subprocess.run(["dd", "if=/dev/zero", f"of={tmp_path / 'cache' / 'filled'}"], capture_output=True, check=False)
        done = command(run, runs.uri, repo.path, LARGE="10")
        assert done.returncode == 3, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert str(tmp_path / "cache") in done.stderr
    assert repo.git("status", "--short") == before


def test_packages_of_pip(runs: Runs, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are installed again from the same file; where that is nowhere, nothing is executed until --data has it."""
    source = overlays.make_source(tmp_path, overlays.make_project(tmp_path / "added", "added"), "added")
    done = overlays.pip(tmp_path, "install", "--no-index", "--no-build-isolation", source)
    assert done.returncode == 0, done.stderr
    with monkeypatch.context() as lab:
        lab.setenv(OVERLAY_VARIABLE, str(overlay_dir(tmp_path)))
        python = str(overlay_dir(tmp_path) / "bin" / "python")
        cells = ("import jupyter_utils, added", "score = float(added.version)", SAVE)
        run = saved_by(repo.path / "n.ipynb", runs.uri, *cells, python=python)
    assert runs.get(run).data.tags["jupyter_utils.overlay"] == "added==1.0"
    done = command(run, runs.uri, repo.path)
    assert done.returncode == 0, done.stdout + done.stderr
    # Approximately: the overlay's own python, which the test starts, adds a PYTHONPATH.
    assert "Verdict: same" in done.stdout
    kept = tmp_path / "wheels"
    kept.mkdir()
    source.rename(kept / source.name)
    gone = command(run, runs.uri, repo.path, PIP_NO_INDEX="1")
    assert gone.returncode == 3
    assert "added" in gone.stderr
    assert "--data FOLDER" in gone.stderr
    assert "Nothing was executed" in gone.stderr
    done = command(run, runs.uri, repo.path, "--data", str(kept), PIP_NO_INDEX="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert work_folders(tmp_path) == []
    assert os.listdir(kept) == [source.name]  # noqa: PTH208 - names
