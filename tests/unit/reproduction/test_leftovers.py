"""Work folders that nobody removed: which are cleared away, and which are not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import jupyter_utils
import pytest
from jupyter_utils.reproduction import leftovers
from jupyter_utils.reproduction.folder import WorkFolder, new_folder

LONG_AGO = time.time() - 8 * 24 * 3600


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def aged(folder: Path) -> Path:
    """Let a folder be as if its execution had ended long ago."""
    for one in (*folder.iterdir(), folder):
        os.utime(one, (LONG_AGO, LONG_AGO), follow_symlinks=False)
    return folder


def left(run: str) -> WorkFolder:
    """Leave a folder as an execution does that is killed: its lock goes with it."""
    folder = new_folder(run)
    folder.let_go()
    aged(folder.path)
    return folder


def test_only_what_was_left_long_ago_goes() -> None:
    """Neither what runs, nor what was kept, nor what is of today, nor what is no folder."""
    gone, kept = left("gone").path, left("kept")
    kept.keep()
    aged(kept.path)
    running, new = new_folder("running"), new_folder("new")
    aged(running.path)
    new.let_go()
    (leftovers.place() / "link").symlink_to(leftovers.place().parent)
    (leftovers.place() / "note.txt").write_text("mine")
    assert leftovers.remove_leftovers() == [gone]
    assert not gone.exists()
    there = {one.name for one in leftovers.place().iterdir()}
    assert there == {kept.path.name, running.path.name, new.path.name, "link", "note.txt"}
    running.remove()
    assert not running.path.exists()


def test_a_killed_process_holds_its_folder_no_more() -> None:
    """Whatever ended it; as long as it lives, it does."""
    code = (
        "import sys; from jupyter_utils.reproduction.folder import new_folder; folder = new_folder('x');"
        "print(folder.path, flush=True); sys.stdin.read()"
    )
    env = os.environ | {"PYTHONPATH": str(Path(jupyter_utils.__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        folder = aged(Path(process.stdout.readline().strip()))
        assert leftovers.remove_leftovers() == []
        process.kill()
        process.wait()
    assert leftovers.remove_leftovers() == [folder]
