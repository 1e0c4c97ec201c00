"""The folder of a fetch: what lives in it is left alone, what is dead is removed, never through a mount."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from fetching.workplace import Workplace, mounts, remove

if TYPE_CHECKING:
    from pathlib import Path


def test_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    """A folder that somebody else could have prepared is nothing to work in."""
    place = Workplace(str(tmp_path))
    place.path.symlink_to(tmp_path)
    with pytest.raises(Exception, match="is in the way"), place.held(print):
        pass


def test_live_run_is_no_leftover(tmp_path: Path) -> None:
    """The folder of a run that lives is left alone; a dead one is found."""
    place = Workplace(str(tmp_path))
    with place.held(print), place.run() as own:
        (place.path / "run-dead").mkdir()
        assert place.leftovers() == [place.path / "run-dead"]
        assert own.is_dir()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_mounts_of_dead_runs_go_first(tmp_path: Path) -> None:
    """What is mounted in a leftover is unmounted, not emptied; names with spaces, too."""
    precious, leftover = tmp_path / "precious", tmp_path / "run-dead"
    inside = leftover / "a space" / "proc"
    precious.mkdir()
    (precious / "file").write_text("kept")
    inside.mkdir(parents=True)
    if subprocess.run(["mount", "--bind", str(precious), str(inside)], check=False).returncode:
        pytest.skip("this machine forbids mounting")
    assert mounts(leftover) == [str(inside)]
    remove(leftover)
    assert not leftover.exists()
    assert (precious / "file").read_text() == "kept"
