"""The package's rooms stand on floors: a room imports only what stands below it, and nothing imports in a circle."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import jupyter_utils

ROOT = Path(jupyter_utils.__file__).parent
NAME = ROOT.name
# From top to bottom. Rooms of one floor do not know each other.
FLOORS = [
    ["__init__", "__main__"],
    ["cli"],
    ["commands"],
    ["deployment", "doctor", "reproduction"],
    ["comparisons"],
    ["servers"],
    ["runs", "supervision"],
    ["spool", "tracking", "store", "kernels", "artifacts"],
    ["entries", "environments", "notebook", "repository", "adapters"],
    ["settings"],
    ["machine"],
    ["errors"],
]


def modules() -> dict[str, Path]:
    """Return dotted name -> file of every module of the package."""
    files = [file for file in ROOT.rglob("*.py") if "__pycache__" not in file.parts]
    names = [".".join([NAME, *file.relative_to(ROOT).with_suffix("").parts]) for file in files]
    return {name.removesuffix(".__init__"): file for name, file in zip(names, files, strict=True)}


MODULES = modules()


def imported(name: str) -> set[str]:
    """Return the modules of this package that a module imports, inside of functions and for types as well."""
    package = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            found |= {
                f"{source}.{alias.name}" if f"{source}.{alias.name}" in MODULES else source for alias in node.names
            }
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {one for one in found if one in MODULES} - {name}


def room(name: str) -> str:
    """Return the room of a module; what stands in the package's root is one by itself."""
    return name.removeprefix(NAME).lstrip(".").partition(".")[0] or "__init__"


def test_every_room_has_a_floor() -> None:
    """A new room is given its floor here, and at the root stands nothing but what everybody needs."""
    assert sorted({room(name) for name in MODULES}) == sorted(one for floor in FLOORS for one in floor)
    assert {file.name for file in ROOT.iterdir() if file.is_file()} == {
        *("__init__.py", "__main__.py", "cli.py", "errors.py", "settings.py", "py.typed")
    }


def test_a_room_imports_only_what_stands_below_it() -> None:
    """Whoever changes a room need know nothing of those above it."""
    level = {one: number for number, floor in enumerate(FLOORS) for one in floor}
    upward = [
        f"{name} imports {other}"
        for name in MODULES
        for other in imported(name)
        if room(other) not in {room(name), "__init__"} and level[room(other)] <= level[room(name)]
    ]
    assert upward == []


def test_no_circles() -> None:
    """Not inside of a room, either; a package's own `__init__` names its modules, and does not count."""
    packages = {name for name, file in MODULES.items() if file.name == "__init__.py"}
    TopologicalSorter({name: imported(name) - packages for name in MODULES if name not in packages}).prepare()


def test_one_place_knows_what_of_mlflow_is_not_public() -> None:
    """MLflow is bounded to one release for the adapter's sake; everything else uses what its documentation promises."""
    public = {"mlflow", "mlflow.entities", "mlflow.exceptions"}
    private = [
        f"{name} imports {node.module}"
        for name, file in MODULES.items()
        if room(name) != "adapters"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and not node.level and node.module
        if node.module.partition(".")[0] == "mlflow" and node.module not in public
    ]
    assert private == []


def test_files_of_tests_have_names_of_their_own() -> None:
    """Pytest imports them by their names alone, and refuses the second of one name."""
    names = [file.name for file in Path(__file__).parents[1].rglob("*.py") if file.name != "conftest.py"]
    assert sorted(names) == sorted(set(names))


def test_a_test_runs_a_coroutine_in_a_thread_of_its_own() -> None:
    """From the first browser test on Playwright's loop runs in the main thread, and `asyncio.run` is refused there."""
    own = [
        file.name
        for file in Path(__file__).parents[1].rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"run", "Runner", "new_event_loop"}
        if isinstance(node.value, ast.Name) and node.value.id in {"asyncio", "anyio"} and file.name != "loops.py"
    ]
    assert own == []
