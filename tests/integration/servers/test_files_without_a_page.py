"""Files that are moved, replaced or cannot be written while a cell runs and no page is there."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import uuid
from typing import TYPE_CHECKING

import kernels
import nbformat
import pytest
from away import LIMIT, SLOW, left

if TYPE_CHECKING:
    from pathlib import Path

    from away import Page
    from servers import Started

pytestmark = pytest.mark.full


def outputs(file: Path) -> str:
    """Return all text of outputs in a notebook."""
    cells = json.loads(file.read_text())["cells"]
    return "".join("".join(one["text"]) for cell in cells for one in cell.get("outputs", []))


def read(lab: Started, name: str) -> None:
    """Read a notebook as another page does that opens it."""
    kernels.api(lab, "GET", f"api/contents/{name}?content=1&type=notebook")


def moved_away(page: Page) -> Path:
    """Move the notebook as `mv` does, and its twin."""
    there = page.file.with_name(f"moved-{page.file.name}")
    for ending in (".ipynb", ".py"):
        if page.file.with_suffix(ending).exists():
            page.file.with_suffix(ending).rename(there.with_suffix(ending))
    return there


@pytest.mark.parametrize("content", ["another text", "same text", "same text, read"])
def test_another_notebook_at_the_old_place(lab: Started, content: str) -> None:
    """Moved in a terminal, and another one made under its name: that stays as it is, also if a page opens it."""
    page = left(lab, SLOW)
    there = moved_away(page)
    before = there.read_bytes()
    other = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1" if content == "another text" else SLOW)])
    nbformat.write(other, page.file)
    written = page.file.read_bytes()
    if content.endswith("read"):
        read(lab, page.name)
    page.until(page.beside.exists)
    assert outputs(page.beside) == "before\n"
    time.sleep(1)
    assert (page.file.read_bytes(), there.read_bytes()) == (written, before)
    assert page.ask()["kept"][page.beside.name].startswith(f"{page.beside.name} has the outputs of")


def test_moved_in_a_terminal(lab: Started) -> None:
    """Its outputs are beside its old place, and no notebook is made there."""
    page = left(lab, SLOW)
    there = moved_away(page)
    before = there.read_bytes()
    page.until(page.beside.exists)
    time.sleep(1)
    assert outputs(page.beside) == "before\n"
    assert not page.file.exists()
    assert there.read_bytes() == before


@pytest.fixture
def repo(lab: Started) -> Path:
    """Give the folder of a repository with a commit, below the lab's."""
    folder = lab.root_dir / f"repo-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "commit", "-q", "--allow-empty", "-m", "empty")
    return folder


def git(folder: Path, *words: str) -> None:
    own = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
    subprocess.run(["git", "-C", str(folder), *own, *words], check=True, capture_output=True)


@pytest.mark.parametrize("how", ["git mv", "checkout"])
def test_git_moves_it(lab: Started, repo: Path, how: str) -> None:
    """By `git mv`, or to a branch where it is not: its outputs are beside its old place, and Git's files are Git's."""
    git(repo, "checkout", "-q", "-b", "work")
    page = left(lab, SLOW, folder=f"{repo.name}/deep/")
    git(repo, "add", ".")
    git(repo, "commit", "-q", "-m", "notebook")
    if how == "git mv":
        git(repo, "mv", "deep", "other")
    else:
        git(repo, "checkout", "-q", "main")
    assert not page.file.parent.exists()
    page.client = str(uuid.uuid4())  # another page; the one that left stays away
    deadline = time.monotonic() + LIMIT
    while not (kept := page.ask()["kept"]):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert "are in no file" in kept[""]
    # The folder is there again: what was kept goes into it, though no page has come.
    if how == "checkout":
        git(repo, "checkout", "-q", "work")
        page.until(page.beside.exists)
    else:
        page.file.parent.mkdir()
        page.until(page.beside.exists)
    assert outputs(page.beside) == "before\n"
    assert page.ask()["kept"].keys() == {page.beside.name}


def test_a_folder_that_comes_back_as_the_kernel_ends(lab: Started) -> None:
    """What could be written nowhere is written at the last moment, when the kernel is shut down."""
    page = left(lab, SLOW, folder=f"gone-{uuid.uuid4().hex[:8]}/")
    aside = lab.root_dir / f"aside-{uuid.uuid4().hex[:8]}"
    page.file.parent.rename(aside)
    time.sleep(8)
    page.file.parent.mkdir()
    kernels.api(lab, "DELETE", f"api/kernels/{page.kernel}")
    page.until(page.beside.exists)
    assert outputs(page.beside) == "before\n"
    shutil.rmtree(aside)
