"""The twin in a commit says what the notebook says, whoever wrote the notebook; and no edit of a twin is lost."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import jupytext
import nbformat
import pytest
from jupyter_utils.notebook.twin_writing import write_twins

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, *sources: str, formats: str | None = "ipynb,py:percent") -> Path:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    if formats:
        notebook.metadata["jupytext"] = {"formats": formats}
    nbformat.write(notebook, folder / "n.ipynb")
    return folder / "n.ipynb"


def twin(notebook: Path, text: str | None = None, name: str = "n.py") -> Path:
    """Write the twin as the lab does, or with another text."""
    file = notebook.with_name(name)
    content = jupytext.writes(nbformat.read(notebook, as_version=4), fmt="py:percent")
    file.write_text(content if text is None else text)
    return file


def opened(notebook: Path) -> list[str]:
    """Open it as JupyterLab does, through Jupytext's contents manager; the cells' sources."""
    manager = jupytext.TextFileContentsManager(root_dir=str(notebook.parent))
    model: dict[str, Any] = manager.get(notebook.name)
    return [cell.source for cell in model["content"].cells]


def safe(_: Path) -> bool:
    return True


def unsafe(_: Path) -> bool:
    return False


def test_twin_follows_the_notebook(tmp_path: Path) -> None:
    """VS Code and papermill write the notebook alone; the lab can open the pair, also when outputs come later."""
    stale = twin(write(tmp_path, "lr = 0.1"))
    notebook = write(tmp_path, "lr = 0.5", "%matplotlib inline")
    os.utime(stale, (1, 1))
    found = write_twins(notebook, safe)
    assert found.files == (stale,)
    assert found.warnings == ()
    assert "lr = 0.5" in stale.read_text()
    assert "# %matplotlib inline" in stale.read_text()
    later = time.time() + 100
    os.utime(notebook, (later, later))
    assert opened(notebook) == ["lr = 0.5", "%matplotlib inline"]


def test_twin_with_edits_of_its_own_is_kept(tmp_path: Path) -> None:
    """What is nowhere else is kept beside, and named; a second time under another name."""
    notebook = write(tmp_path, "lr = 0.5")
    file = twin(notebook, "# %%\nlr = 'mine'\n")
    file.chmod(0o755)
    found = write_twins(notebook, unsafe)
    assert (tmp_path / "n.py.kept").read_text() == "# %%\nlr = 'mine'\n"
    assert "kept as n.py.kept" in found.warnings[0]
    assert "lr = 0.5" in file.read_text()
    assert file.stat().st_mode & 0o111
    twin(notebook, "# %%\nlr = 'mine, too'\n")
    write_twins(notebook, unsafe)
    assert "mine, too" in (tmp_path / "n.py.kept-2").read_text()


def test_equal_twin_is_left_alone(tmp_path: Path) -> None:
    """Also one whose header says more than ours would."""
    notebook = write(tmp_path, "lr = 0.5")
    file = twin(notebook)
    before = file.stat()
    assert write_twins(notebook, unsafe).files == (file,)
    after = file.stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(encoding: str, tmp_path: Path) -> None:
    """They are read, and an equal twin is left as it is."""
    notebook = write(tmp_path, "名 = '猫'")
    file = twin(notebook)
    content = file.read_text().encode(encoding)
    file.write_bytes(content)
    assert write_twins(notebook, unsafe).warnings == ()
    assert file.read_bytes() == content


def test_other_encodings_are_not_touched(tmp_path: Path) -> None:
    """A twin in Shift_JIS stays as it is, out of the commit, with the reason."""
    notebook = write(tmp_path, "1")
    content = "# %%\n名 = '猫'\n".encode("cp932")
    file = twin(notebook)
    file.write_bytes(content)
    found = write_twins(notebook, unsafe)
    assert found.files == ()
    assert "n.py could not be written" in found.warnings[0]
    assert "not UTF-8" in found.warnings[0]
    assert file.read_bytes() == content


def test_which_twins_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that the notebook or a configuration names is made; one that only the lab pairs is kept up if it exists."""
    monkeypatch.setenv("JUPYTER_UTILS_FORMATS", "ipynb,py:percent")
    unnamed = write(tmp_path, "1", formats=None)
    assert write_twins(unnamed, unsafe).files == ()
    file = twin(unnamed, "# %%\n0\n")
    assert write_twins(unnamed, safe).files == (file,)
    assert "# %%\n1\n" in file.read_text()
    monkeypatch.delenv("JUPYTER_UTILS_FORMATS")
    named = write(tmp_path, "2", formats="ipynb,scripts//md:myst")
    assert write_twins(named, unsafe).files == (tmp_path / "scripts" / "n.md",)
    assert "2" in (tmp_path / "scripts" / "n.md").read_text()


def test_configuration(tmp_path: Path) -> None:
    """A jupytext.toml names formats and options."""
    (tmp_path / "jupytext.toml").write_text('formats = "ipynb,py:light"\ncomment_magics = false\n')
    notebook = write(tmp_path, "%time 1", formats=None)
    assert write_twins(notebook, unsafe).files == (tmp_path / "n.py",)
    assert "\n%time 1" in (tmp_path / "n.py").read_text()


def test_twin_that_pairs_by_its_own_header(tmp_path: Path) -> None:
    """A server may pair without a word in the notebook; the twin's header says in which format."""
    notebook = write(tmp_path, "lr = 0.1")
    light = jupytext.writes(nbformat.read(notebook, as_version=4), fmt="py:light")
    notebook = write(tmp_path, "lr = 0.5", formats=None)
    file = twin(notebook, light)
    assert write_twins(notebook, safe).files == (file,)
    assert "lr = 0.5" in file.read_text()
    assert "# %%" not in file.read_text()


def test_program_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pairing that needs a program costs the twin and a word, not the run."""
    monkeypatch.setenv("PATH", str(tmp_path))
    notebook = write(tmp_path, "1", formats="ipynb,qmd")
    found = write_twins(notebook, unsafe)
    assert found.files == ()
    assert "n.qmd could not be written" in found.warnings[0]


def test_text_notebooks_have_none(tmp_path: Path) -> None:
    """A Python file of VS Code's interactive window is the notebook itself."""
    (tmp_path / "n.py").write_text("# %%\n1\n")
    assert write_twins(tmp_path / "n.py", unsafe).files == ()
