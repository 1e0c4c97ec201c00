"""Whether a commit holds files as they are: for many files, in repositories and out of them, at once."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.repository import committed, file_states

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *args: str) -> None:
    named = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    subprocess.run(["git", *named, "-C", folder, *args], check=True, capture_output=True)


@pytest.mark.parametrize("at_once", [500, 2])
def test_states(tmp_path: Path, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by its own repository; a file that is gone counts, too; however many one command takes."""
    monkeypatch.setattr(committed, "_AT_ONCE", at_once)
    tree, other = tmp_path / "tree", tmp_path / "other"
    for folder in (tree, other):
        folder.mkdir()
        git(folder, "init", "-q")
    names = ["same.py", "猫 1.py", "edited.py", "deleted.py", "sub/same.py"]
    more = ["staged.py", "new.py", "sub/new.py", "keys/secret.py", "x.log.py"]
    for name in (*names, *more):
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_text("x = 1\n")
    (tree / ".gitignore").write_text("keys/\n*.log.py\n")
    git(tree, "add", *names)
    git(tree, "commit", "-qm", "x")
    (tree / "edited.py").write_text("x = 2\n")
    (tree / "deleted.py").unlink()
    git(tree, "add", "staged.py")
    (other / "o.py").write_text("x = 1\n")
    (tmp_path / "far.py").write_text("x = 1\n")
    expected = {
        **{tree / name: "committed" for name in ("same.py", "猫 1.py", "sub/same.py")},
        **{tree / name: "changed" for name in ("edited.py", "deleted.py", "staged.py")},
        **{tree / name: "untracked" for name in ("new.py", "sub/new.py", "never there.py")},
        **{tree / name: "ignored" for name in ("keys/secret.py", "x.log.py")},
        other / "o.py": "untracked",
        tmp_path / "far.py": "outside",
    }
    assert file_states(expected) == expected
