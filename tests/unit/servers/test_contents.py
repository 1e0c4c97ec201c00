"""The lab's files: a twin that cannot be read as text is refused, and neither file is touched."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from jupyter_utils.servers.jupyter_app.contents import Contents
from jupyter_utils.servers.jupyter_app.pairings import missing_formats
from loops import finished
from nbformat.sign import MemorySignatureStore, NotebookNotary
from tornado.web import HTTPError

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "# %%\n名 = '猫と犬と、形態素解析'\n"


@pytest.fixture
def manager(tmp_path: Path) -> Contents:
    made = Contents(root_dir=str(tmp_path), formats="ipynb,py:percent")
    made.notary = NotebookNotary(store_factory=MemorySignatureStore)  # not that of whoever runs the tests
    return made


def write(folder: Path, twin: bytes | None, *sources: str, formats: str | None = None) -> None:
    """Write a notebook, and a twin that is newer."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    if formats:
        notebook.metadata["jupytext"] = {"formats": formats}
    nbformat.write(notebook, folder / "n.ipynb")
    if twin is not None:
        (folder / "n.py").write_bytes(twin)
        later = time.time() + 10
        os.utime(folder / "n.py", (later, later))


def state(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def sources(manager: Contents, name: str = "n.ipynb") -> list[str]:
    model: dict[str, Any] = finished(manager.get(name))
    return [cell["source"] for cell in model["content"]["cells"]]


@pytest.mark.parametrize("encoding", ["cp932", "euc-jp"])
@pytest.mark.parametrize("name", ["n.ipynb", "n.py"])
def test_other_encodings_are_refused(name: str, encoding: str, manager: Contents, tmp_path: Path) -> None:
    """Opened from either side: the reason names the file and the remedy, and both stay as they are."""
    write(tmp_path, TEXT.encode(encoding), "1")
    before = state(tmp_path)
    with pytest.raises(HTTPError, match=r"n\.py is not UTF-8.*save it as UTF-8"):
        finished(manager.get(name))
    assert state(tmp_path) == before


def test_encoding_that_a_file_names(manager: Contents, tmp_path: Path) -> None:
    """Few words in EUC-JP can be valid UTF-8; what the file says of itself counts."""
    words = "# -*- coding: euc-jp -*-\n# %%\n名 = '猫'\n".encode("euc-jp")
    assert words.decode("utf-8")
    write(tmp_path, words, "1")
    with pytest.raises(HTTPError, match="is not UTF-8"):
        finished(manager.get("n.ipynb"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["n.ipynb", "n.py"])
def test_byte_order_marks_are_read(name: str, encoding: str, manager: Contents, tmp_path: Path) -> None:
    """They are no part of a cell."""
    write(tmp_path, TEXT.encode(encoding), "1")
    assert sources(manager, name) == ["名 = '猫と犬と、形態素解析'"]


@pytest.mark.parametrize("twin", [b"", b"\n \n", b"\xef\xbb\xbf", b"# ---\n# jupyter:\n#   x: 1\n# ---\n"])
@pytest.mark.parametrize("name", ["n.ipynb", "n.py"])
def test_empty_twin_of_a_notebook_that_is_not(name: str, twin: bytes, manager: Contents, tmp_path: Path) -> None:
    """It would open without cells, and be saved so."""
    write(tmp_path, twin, "v = 1")
    before = state(tmp_path)
    with pytest.raises(HTTPError, match=r"n\.py has no cells, but its notebook n\.ipynb has"):
        finished(manager.get(name))
    assert state(tmp_path) == before


def test_empty_ones_that_are_meant(manager: Contents, tmp_path: Path) -> None:
    """A new notebook, its empty twin, and an empty file that is no twin open as they are."""
    write(tmp_path, b"", "")
    assert "".join(sources(manager)) == ""
    (tmp_path / "alone.py").touch()
    assert "".join(sources(manager, "alone.py")) == ""


def test_files_that_are_no_notebooks(manager: Contents, tmp_path: Path) -> None:
    """In the editor a file is what it is: Shift_JIS is refused as before, a byte order mark is kept."""
    (tmp_path / "x.py").write_bytes(TEXT.encode("utf-8-sig"))
    assert finished(manager.get("x.py", type="file"))["content"].startswith("\ufeff")
    (tmp_path / "x.bin").write_bytes(TEXT.encode("cp932"))
    assert finished(manager.get("x.bin", type="file"))["format"] == "base64"


@pytest.mark.parametrize(
    ("formats", "program"),
    [("ipynb,qmd", "quarto"), ("ipynb,md:pandoc", "pandoc"), ("ipynb,py:marimo", "marimo")],
)
def test_programs_that_are_missing(
    formats: str, program: str, manager: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notebook that is paired so already: one answer names the cause and the way out, and nothing is written."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert missing_formats() == ["qmd", "md:pandoc", "py:marimo"]
    write(tmp_path, None, "1", formats=formats)
    model = finished(manager.get("n.ipynb"))
    before = state(tmp_path)
    with pytest.raises(HTTPError, match=rf"needs the program {program}.*Unpair") as refused:
        finished(manager.save(model, "n.ipynb"))
    assert refused.value.status_code == 400
    assert state(tmp_path) == before


def test_saving_and_opening_again(manager: Contents, tmp_path: Path) -> None:
    """What the lab does all day."""
    write(tmp_path, None, "v = 1")
    model = finished(manager.get("n.ipynb"))
    model["content"]["cells"][0]["source"] = "v = 2"
    finished(manager.save(model, "n.ipynb"))
    assert "v = 2" in (tmp_path / "n.py").read_text()
    assert sources(manager) == ["v = 2"]
