"""Which files of the user's have run, with the text that ran, however they were run."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from calling import env

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("recording")

SHOW = (
    "\nimport json\n"
    "from jupyter_utils.kernels.sources import executed_sources\n"
    "print(json.dumps([[s.path.name, (s.content or b'').decode(), s.executed, s.late, s.changed, len(s.earlier)]"
    " for s in executed_sources()]))"
)
LOADED = (
    "from importlib.util import module_from_spec, spec_from_file_location as spec\n"
    "s = spec('h', 'helper.py'); s.loader.exec_module(module_from_spec(s))"
)
WATCH = "from jupyter_utils.kernels.sources import watch; watch()\n"


def seen(folder: Path, code: str) -> dict[str, list[object]]:
    """Run code in a new Python, and give what was seen there: name -> text, executed, late, changed, earlier."""
    command = [sys.executable, "-c", code + SHOW]
    settings = env(PYTHONDONTWRITEBYTECODE="")
    settings["PYTHONPATH"] += f":{folder}"
    done = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, check=True)
    return {name: rest for name, *rest in json.loads(done.stdout)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder with a helper and a package."""
    (tmp_path / "helper.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "parts" / "日本.py").write_text("y = 2\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "code",
    [
        "import helper",
        "import helper, importlib; importlib.reload(helper)",
        "import runpy; runpy.run_path('helper.py')",
        "import runpy; runpy.run_module('helper')",
        "exec(compile(open('helper.py').read(), 'helper.py', 'exec'))",
        LOADED,
        "import threading; t = threading.Thread(target=__import__, args=('helper',)); t.start(); t.join()",
    ],
)
def test_ways_to_run_a_file(folder: Path, code: str) -> None:
    """The first time from its text, the second from its bytecode."""
    for _ in range(2):
        assert seen(folder, WATCH + code)["helper.py"] == ["x = 1\n", True, False, False, 0]


def test_text_that_is_handed_to_exec(folder: Path) -> None:
    """Known by its text; what was read and not run is known as that."""
    for code in ("exec(open('helper.py').read())", "exec(open('helper.py', 'rb').read())"):
        assert seen(folder, WATCH + code)["helper.py"] == ["x = 1\n", True, False, False, 0]
    (folder / "helper.py").write_bytes(b"x = 1\r\n")
    assert seen(folder, WATCH + "exec(open('helper.py').read())")["helper.py"][1] is True
    assert seen(folder, WATCH + "open('helper.py').read()")["helper.py"][1] is False


def test_a_script_is_watched_from_the_import_on(folder: Path) -> None:
    """Not from the first save on: what is handed to `exec` is seen nowhere else."""
    script = folder / "train.py"
    show = SHOW + "\nfrom jupyter_utils.kernels.sources import watched_since; print(watched_since())"
    script.write_text("import jupyter_utils\nexec(open('helper.py').read())" + show, encoding="utf-8")
    command = [sys.executable, str(script)]
    done = subprocess.run(command, cwd=folder, env=env(), capture_output=True, text=True, check=True)
    shown, since = done.stdout.splitlines()
    assert ["helper.py", "x = 1\n", True, False, False, 0] in json.loads(shown)
    assert since == "import jupyter_utils"


def test_packages_and_no_libraries(folder: Path) -> None:
    """Every module of the user's, and none of the environment's or of Python's own."""
    found = seen(folder, WATCH + "import parts.日本, numpy, json.tool, pytest")
    assert sorted(found) == ["__init__.py", "日本.py"]


def test_the_text_that_ran_counts(folder: Path) -> None:
    """An edit afterwards does not change it, and is named; a second import runs the new text, and the old is named."""
    edit = "; open('helper.py', 'w').write('x = 22\\n')"
    assert seen(folder, WATCH + "import helper" + edit)["helper.py"] == ["x = 1\n", True, False, True, 0]
    again = f"import helper{edit}; import importlib; importlib.reload(helper)"
    (folder / "helper.py").write_text("x = 1\n", encoding="utf-8")
    assert seen(folder, WATCH + again)["helper.py"] == ["x = 22\n", True, False, False, 1]


def test_what_others_open_is_not_the_users_reading(folder: Path) -> None:
    """A front end that completes names, the traceback of an error, this package; a checkpoint is no Python."""
    (folder / "model.pth").write_bytes(b"x")
    code = (
        "import threading, linecache, jupyter_utils.entries.entry as e, pathlib\n"
        "t = threading.Thread(target=linecache.getlines, args=('helper.py',)); t.start(); t.join()\n"
        "e.sha256(pathlib.Path('helper.py')); open('model.pth', 'rb').read()"
    )
    assert seen(folder, WATCH + code) == {}
    code = "import pathlib; pathlib.Path('helper.py').read_text()"
    assert seen(folder, WATCH + code)["helper.py"] == ["x = 1\n", False, False, False, 0]


def test_what_was_imported_before(folder: Path) -> None:
    """As in a script that imports this package last: read late, and marked."""
    assert seen(folder, "import helper\n")["helper.py"] == ["x = 1\n", True, True, False, 0]


def test_nothing_of_it_reaches_the_code(folder: Path) -> None:
    """A file that is gone, a name that is none, a folder: as without it."""
    code = "compile('1', '/nowhere/x.py', 'eval'); eval(compile('1', '/nowhere/x.py', 'eval'))\n"
    code += "exec(compile('a = 1', 'a', 'exec').replace(co_filename='\\0'))\n"
    code += "exec(compile('b = 1', '', 'exec')); exec(compile('c = 1', '.', 'exec'))"
    assert seen(folder, WATCH + code) == {}


def test_writing_a_file_is_no_running(folder: Path) -> None:
    """Nor is reading one that is no Python."""
    code = "open('new.py', 'w').write('1'); open('data.csv', 'w').write('1'); open('data.csv').read()"
    assert seen(folder, WATCH + code) == {}
