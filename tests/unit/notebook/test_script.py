"""What a run names where no notebook calls: the user's file, never a library's."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.notebook.ancestors import kernel_above, named_notebooks
from jupyter_utils.notebook.script import executing_file, script_name

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Give a `__main__` that no file has made."""
    made = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", made)
    return made


def test_script(main: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that runs, else that of the parent's arguments: a worker of joblib's is started by a library."""
    script = tmp_path / "train.py"
    script.touch()
    main.__file__ = str(script)
    assert executing_file() == script
    main.__file__ = pytest.__file__
    monkeypatch.setattr(sys, "argv", [str(script)])
    assert (executing_file(), script_name()) == (script, str(script))


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        ([sys.prefix + "/bin/ipython"], "ipython"),
        ([pytest.__file__], "python"),
        (["-c"], "python"),
        ([""], "python"),
        ([], "python"),
    ],
)
def test_no_script(argv: list[str], name: str, main: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of the environment, or an interactive Python: its name, and no path."""
    main.__file__ = argv[0] if argv else None
    monkeypatch.setattr(sys, "argv", argv)
    assert (executing_file(), script_name()) == (None, name)


def test_module(main: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m` of an installed module is named so."""
    main.__file__ = pytest.__file__
    main.__spec__ = ModuleSpec("pytest.__main__", None)
    monkeypatch.setattr(sys, "argv", [pytest.__file__])
    assert script_name() == "python -m pytest"


def test_notebooks_of_a_command(tmp_path: Path) -> None:
    """What started this process names one, or papermill two, of which the latter runs; what is not there is none."""
    for name in ("a.ipynb", "b.ipynb"):
        (tmp_path / name).touch()
    look = "from jupyter_utils.notebook.ancestors import named_notebooks as n; print(*[p.name for p in n()])"
    start = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {look!r}])"
    for words, expected in (
        (["a.ipynb", "gone.ipynb"], "a.ipynb"),
        (["a.ipynb", "b.ipynb"], "a.ipynb b.ipynb"),
        (["/bin/papermill", "-p", "x", "1", "a.ipynb", "b.ipynb"], "b.ipynb"),
    ):
        command = [sys.executable, "-c", start, *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == expected, done.stderr


def test_no_kernel_above() -> None:
    """The tests run below none, and no notebook stands in their command."""
    assert kernel_above() is None
    assert named_notebooks() == ()
