"""Between the server's writing of the notebook and of its twin nothing may be committed."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.notebook import saving
from jupyter_utils.notebook.twin import expected_twins, find_twins

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def write(path: Path, formats: str | None = None) -> Path:
    metadata = {"jupytext": {"formats": formats}} if formats else {}
    path.write_text(json.dumps({"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return path


def later(work: Callable[[], object], seconds: float = 0.2) -> threading.Thread:
    thread = threading.Timer(seconds, work)
    thread.start()
    return thread


def test_twin_that_is_not_there_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first saving of a notebook makes its twin, a moment after the notebook: it is waited for."""
    monkeypatch.setenv("JUPYTER_UTILS_FORMATS", "ipynb,py:percent")
    notebook, twin = write(tmp_path / "実験 1.ipynb"), tmp_path / "実験 1.py"
    assert find_twins(notebook) == []
    thread = later(lambda: twin.write_text("x"))
    assert saving._wait_for_twins(notebook, 0.1) is None
    assert twin.exists()
    thread.join()


def test_twin_that_is_half_written(tmp_path: Path) -> None:
    """While Jupyter's server writes into a file, its former content lies beside it: the end is waited for."""
    notebook, twin = write(tmp_path / "nb.ipynb", "ipynb,py"), tmp_path / "nb.py"
    twin.write_text("half")
    aside = tmp_path / ".~nb.py"
    aside.write_text("former")

    def finish() -> None:
        twin.write_text("half and half")
        aside.unlink()

    thread = later(finish)
    assert saving._wait_for_twins(notebook, 0.1) is None
    assert not aside.exists()
    thread.join()


def test_second_saving(tmp_path: Path) -> None:
    """A slow browser saves twice: the second saving is let pass."""
    notebook = write(tmp_path / "nb.ipynb")
    times: list[float] = []

    def save_again() -> None:
        times.append(time.monotonic())
        write(notebook)

    thread = later(save_again, 1.0)
    assert saving._wait_for_twins(notebook, 3.0) is None
    ended = time.monotonic()
    thread.join()
    assert ended - times[0] > 2.5


def test_twin_that_never_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server without Jupytext writes none: the wait ends with a warning that names it."""
    monkeypatch.setattr(saving, "_TWIN_SECONDS", 0.2)
    warning = saving._wait_for_twins(write(tmp_path / "nb.ipynb", "ipynb,md"), 0.1)
    assert "nb.md was not written" in str(warning)


@pytest.mark.parametrize(
    ("formats", "default", "names"),
    [
        (None, None, []),
        (None, "ipynb,py:percent", ["nb.py"]),
        ("ipynb", "ipynb,py:percent", []),
        ("ipynb,.md:myst,R", None, ["nb.md", "nb.R"]),
        ("ipynb,text//py:light", None, ["text/nb.py"]),
        ("ipynb,.pct.py", None, ["nb.pct.py"]),
    ],
)
def test_expected_twins(
    formats: str | None, default: str | None, names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The notebook's own word, else that of our launcher; extensions alone are understood without Jupytext."""
    monkeypatch.delenv("JUPYTER_UTILS_FORMATS", raising=False)
    if default:
        monkeypatch.setenv("JUPYTER_UTILS_FORMATS", default)
    notebook = write(tmp_path / "nb.ipynb", formats)
    assert [str(path.relative_to(tmp_path)) for path in expected_twins(notebook)] == names
