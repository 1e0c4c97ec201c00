"""The recipe of an environment: what derivations read, and nothing else; from it alone Nix evaluates the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from commands import ROOT, built, nix
from jupyter_utils.environments.building import unpacked
from jupyter_utils.environments.recipe import Recipe, read_recipe

ENVIRONMENTS = ["environment", "environment-gpu", "environment-mlflow"]
OUTPUTS = [*ENVIRONMENTS, "lab", "python", "recipes.environment"]
# What derivations do not read, and the fetch step needs.
FETCHING = ("nix/debian/fetch.py", "nix/debian/build.py", "nix/debian/fetching/", "nix/debian/sizes.json")


def evaluated(folder: Path) -> dict[str, str]:
    """Return output -> path of its derivation, of the debian base in a folder; nothing where that fails."""
    wanted = " ".join(f'"{output}" = base.{output}.drvPath;' for output in OUTPUTS)
    said = nix(
        "eval", "--json", "--impure", "--expr", f"let base = import {folder}/nix/debian {{ }}; in {{ {wanted} }}"
    )
    found: dict[str, str] = json.loads(said.stdout) if said.returncode == 0 else {}
    return found


def copied(folder: Path) -> Path:
    """Copy the checkout, without what users keep in it."""
    names = ["nix", "python", "tests", "docs", "README.md", "CHANGELOG.md", "flake.nix", "LICENSE"]
    for name in names:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    """Build this checkout's recipe; skip where the Debian system, whose Python writes it, is not in the store."""
    folder = built("recipes.environment", tmp_path_factory.mktemp("recipe") / "link")
    recipe = read_recipe((folder / "recipe.tar.gz").read_bytes(), "here")
    assert json.loads((folder / "recipe.json").read_text())["digest"] == recipe.digest
    assert (folder / "recipe.tar.gz").stat().st_size < 1_000_000
    return recipe


def test_from_the_recipe_alone_the_same_is_evaluated(recipe: Recipe, tmp_path: Path) -> None:
    """Environments, programs, and the recipe itself: the same derivations."""
    recipe.write(tmp_path)
    found = evaluated(tmp_path)
    assert found.keys() == set(OUTPUTS)
    assert found == evaluated(ROOT)


def test_an_edit_of_a_document_or_a_test_changes_nothing(recipe: Recipe, tmp_path: Path) -> None:
    """Neither the environment's path nor the recipe; an edit of the fetch step changes the recipe alone."""
    before = evaluated(copied(tmp_path))
    assert recipe.is_of(tmp_path)
    for name in ("README.md", "CHANGELOG.md", "tests/conftest.py", "nix/tests/lib.nix", "nix/development/style.py"):
        (tmp_path / name).write_text((tmp_path / name).read_text() + "\n# edited\n")
    (tmp_path / "nix" / "debian" / "images.nix").write_text("broken")
    assert evaluated(tmp_path) == before
    step = tmp_path / "nix" / "debian" / "fetching" / "web.py"
    step.write_text(step.read_text() + "\n# edited\n")
    after = evaluated(tmp_path)
    assert after["environment"] == before["environment"]
    assert after["recipes.environment"] != before["recipes.environment"]
    assert after["lab"] != before["lab"]


def test_a_projects_own_lock_is_in_it(tmp_path: Path) -> None:
    """Beside our package's own files, so that both are found again."""
    lock = tmp_path / "my lock"
    lock.mkdir()
    for name in ("files.json", "poetry.lock", "pyproject.toml", "torch-cpu.json"):
        shutil.copyfile(ROOT / "python" / name, lock / name)
    words = ["--argstr", "lock", str(lock)]
    said = nix("eval", "--raw", "-f", "nix/debian", *words, "recipes.environment.texts")
    assert said.returncode == 0, said.stderr
    names = set(json.loads(Path(said.stdout).read_text(encoding="utf-8")))
    assert {"lock/files.json", "lock/pyproject.toml", "lock/torch-cpu.json", "python/pyproject.toml"} <= names
    assert "python/files.json" not in names


def test_what_stood_in_for_the_pin_is_in_it(tmp_path: Path) -> None:
    """The checkout's pin stays beside it, so that what is built says again that it is another one."""
    pinned = json.loads((ROOT / "nix" / "debian" / "system.json").read_text())
    other = tmp_path / "other.json"
    other.write_text(json.dumps({**pinned, "sha256": "sha256-" + "B" * 43 + "="}))
    said = nix("eval", "--raw", "-f", "nix/debian", "--argstr", "pin", str(other), "recipes.environment.texts")
    assert said.returncode == 0, said.stderr
    recipe = Recipe({name: text.encode() for name, text in json.loads(Path(said.stdout).read_text()).items()})
    assert recipe.files["pin/system.json"] == other.read_bytes()
    with unpacked(recipe) as found:
        path = nix("eval", "--raw", "-f", "nix/debian", "--argstr", "pin", str(other), "environment.outPath")
        assert found.paths["environment"] == path.stdout


def test_it_holds_nothing_that_is_not_read(recipe: Recipe, tmp_path: Path) -> None:
    """Without any one of its files, environments and programs are others, or cannot be evaluated."""
    recipe.write(tmp_path)
    # The recipe itself is made of all of them, and the programs carry it.
    before = {name: path for name, path in evaluated(tmp_path).items() if name in ENVIRONMENTS}
    assert list(before) == ENVIRONMENTS
    unread = []
    for name in recipe.files:
        if name.startswith((*FETCHING, "python/jupyter_utils/")):
            continue
        (tmp_path / name).rename(tmp_path / "aside")
        if before.items() <= evaluated(tmp_path).items():
            unread.append(name)
        (tmp_path / "aside").rename(tmp_path / name)
    assert unread == []
