"""Environment variables: one module reads them, and everything that it reads stands in a table."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import jupyter_utils
import pytest
from jupyter_utils.errors import SettingsError
from jupyter_utils.machine.dotenv import allow_dotenv
from jupyter_utils.machine.variables import LIBRARY, OTHERS, SHARED, TOLD, given, raw, seconds
from jupyter_utils.servers import environment
from jupyter_utils.settings import Settings, read_settings, table

PACKAGE = Path(jupyter_utils.__file__).parent
WHOLE = {
    "machine/variables.py": "the one module that reads",
    "settings.py": "every field of Settings is looked up",
    "machine/dotenv.py": "a line of .env may refer to any variable",
    "deployment/container/entry.py": "what a compose file left empty is taken out; names of docker-stacks are sought",
    "repository/git.py": "handed to Git",
    "repository/reading.py": "whether any variable of Git's own is set",
    "machine/inherited.py": "handed to the servers and by them to notebooks, but for what must not get in",
    "kernels/overlay.py": "handed to pip",
    "environments/overlay.py": "handed to pip",
    "environments/overlay_base.py": "handed to the environment's Python",
    "environments/overlay_sources.py": "handed to Git",
    "environments/nix.py": "handed to Nix",
}
"""Who takes the whole environment, and why. No other file may read any of it."""


def readings(tree: ast.AST) -> list[int]:
    """Give the lines that read `os.environ`; setting, updating and deleting are no reading."""
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            found += [node.lineno for one in node.names if one.name in {"environ", "environb", "getenv"}]
        if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"):
            continue
        above = parents[node]
        changed = isinstance(above, ast.Subscript) and not isinstance(above.ctx, ast.Load)
        called = isinstance(above, ast.Attribute) and (
            above.attr in {"update", "setdefault"}
            or (above.attr == "pop" and isinstance(parents[parents[above]], ast.Expr))
        )
        if node.attr in {"getenv", "environb"} or (node.attr == "environ" and not changed and not called):
            found.append(node.lineno)
    return found


def test_no_other_module_reads_the_environment() -> None:
    """A variable that is read elsewhere stands in no table."""
    found = {}
    for file in PACKAGE.rglob("*.py"):
        if lines := readings(ast.parse(file.read_text(encoding="utf-8"))):
            found[str(file.relative_to(PACKAGE))] = lines
    assert {name: lines for name, lines in found.items() if name not in WHOLE} == {}
    assert set(WHOLE) == set(found)
    # Each takes it as a whole, at as many places as it has reasons.
    assert {name: len(lines) for name, lines in found.items() if len(lines) > 1} == {
        "deployment/container/entry.py": 2,
        "machine/dotenv.py": 3,
        "machine/inherited.py": 2,
    }


@pytest.mark.parametrize(
    "line",
    [
        "os.environ.get('X')",
        "os.environ['X']",
        "'X' in os.environ",
        "os.getenv('X')",
        "x = os.environ.pop('X', '')",
        "dict(os.environ)",
        "from os import environ",
        "f(environment=os.environ)",
    ],
)
def test_a_reading_is_found(line: str) -> None:
    """In each way that Python has."""
    assert readings(ast.parse(line)) == [1]


def test_what_is_in_no_table_cannot_be_read() -> None:
    """So no variable comes in without its table."""
    with pytest.raises(KeyError, match="stands in none of the tables"):
        raw("JUPYTER_UTILS_NEW")


def test_the_tables_have_each_name_once() -> None:
    """And those that the library shares with the servers are settings."""
    names = [*LIBRARY, *SHARED, *TOLD, *(name for group in OTHERS.values() for name in group)]
    assert len(names) == len(set(names))
    assert {name.lower() for name in {*LIBRARY, *SHARED}} <= set(Settings.model_fields)


def test_the_librarys_settings_are_printed_and_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From `.env` to the notebooks; what nobody gave is left to the library's own defaults."""
    monkeypatch.chdir(tmp_path)
    for name in LIBRARY:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".env").write_text("JUPYTER_UTILS_SAVE_SECONDS=7 # slow\nJUPYTER_UTILS_LOCAL_ARTIFACTS='off'\n")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    allow_dotenv(tmp_path)
    settings = read_settings()
    rows = {row.name: (row.value, row.origin) for row in table(settings)}
    assert rows["JUPYTER_UTILS_SAVE_SECONDS"] == ("7.0", ".env")
    assert rows["JUPYTER_UTILS_GIT_LOCK_SECONDS"] == ("30.0", "default")
    told = environment.notebook_environment(settings, None)
    assert told["PYTHONHASHSEED"] == "0"
    assert {name: value for name, value in told.items() if name in LIBRARY} == {
        "JUPYTER_UTILS_SAVE_SECONDS": "7.0",
        "JUPYTER_UTILS_LOCAL_ARTIFACTS": "off",
    }


@pytest.mark.parametrize(("value", "meant"), [("", 120), ('"5"', 5), (" 0.2 ", 0.2)])
def test_seconds(monkeypatch: pytest.MonkeyPatch, value: str, meant: float) -> None:
    """Empty counts as unset, which ended `import jupyter_utils` before."""
    monkeypatch.setenv("JUPYTER_UTILS_SAVE_SECONDS", value)
    assert seconds("JUPYTER_UTILS_SAVE_SECONDS") == meant


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan"])
def test_bad_seconds_are_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """With variable, value and remedy."""
    monkeypatch.setenv("JUPYTER_UTILS_SAVE_SECONDS", value)
    with pytest.raises(SettingsError, match=f"JUPYTER_UTILS_SAVE_SECONDS='{value}' is no number of seconds above 0"):
        seconds("JUPYTER_UTILS_SAVE_SECONDS")


def test_quotes_of_other_programs_variables_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password may begin and end with one."""
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "'x'")
    monkeypatch.setenv("JUPYTER_UTILS_SPOOL_DIR", "'x'")
    assert (given("MLFLOW_TRACKING_PASSWORD"), given("JUPYTER_UTILS_SPOOL_DIR")) == ("'x'", "x")


def test_the_library_does_without_pydantic() -> None:
    """`import jupyter_utils`, and all that save_mlflow reads settings with, stay light."""
    parts = ("notebook.saving", "repository.commit", "kernels.overlay", "runs.records.provenance", "tracking.local")
    code = "import sys, jupyter_utils" + "".join(f", jupyter_utils.{part}" for part in parts)
    code += "; sys.exit(', '.join({'pydantic', 'pydantic_settings', 'dotenv'} & set(sys.modules)) or 0)"
    subprocess.run([sys.executable, "-c", code], env=dict(os.environ), check=True)
