"""`jupyter-utils environment build`: it runs foreign code only if somebody wants that, and knows where it cannot."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from jupyter_utils.cli import main
from jupyter_utils.environments import building, nix
from jupyter_utils.environments.building import Unpacked
from jupyter_utils.environments.recipe import Recipe
from test_recipe_archive import FILES, packed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCKED = {**FILES, "python/files.json": b'{"lock": "abc"}'}
PATH = "/nix/store/x-environment"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a recipe, of which Nix says that it gives PATH, which is in the store."""

    @contextmanager
    def unpacked(recipe: Recipe) -> Iterator[Unpacked]:
        yield Unpacked(recipe, tmp_path, {"environment": PATH}, "system")

    monkeypatch.setattr(nix, "found_nix", lambda: "/usr/bin/nix")
    monkeypatch.setattr(nix, "is_valid", lambda path: path == PATH)
    monkeypatch.setattr(building, "unpacked", unpacked)
    path = tmp_path / "recipe.tar.gz"
    path.write_bytes(packed(LOCKED))
    return path


def build(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["environment", "build", *map(str, words)])


def test_foreign_code_is_not_run_unasked(file: Path) -> None:
    """Where nobody can be asked it takes --trust; said is where the recipe came from."""
    refused = build(file)
    assert refused.exit_code == 1
    assert f"comes from the file {file}" in refused.output
    assert PATH not in refused.output
    done = build(file, "--trust")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        f"{Recipe(LOCKED).name('cpu')}: environment of the debian base, {PATH}",
        "It is in the store already.",
    ]


def test_the_checkouts_own_recipe_is_not_asked_for(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its code is there already, and somebody chose to have it."""
    Recipe(LOCKED).write(tmp_path / "checkout")
    monkeypatch.chdir(tmp_path / "checkout")
    assert build(file).exit_code == 0


def test_where_there_is_no_nix_the_host_does_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images hold none: the command for the host is named, and nothing is asked."""
    monkeypatch.setattr(nix, "found_nix", lambda: None)
    done = build(file)
    assert done.exit_code == 1
    assert f"jupyter-utils environment build {file} --out-link environment" in done.output


def test_what_is_no_recipe_is_said(tmp_path: Path) -> None:
    """A line, and no traceback."""
    path = tmp_path / "text"
    path.write_text("x")
    done = build(path)
    assert done.exit_code == 1
    assert "is no recipe of an environment" in done.output
