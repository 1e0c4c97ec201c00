"""`jupyter-utils environment build`: it runs foreign code only if somebody wants that, and knows where it cannot."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import package_index
import pytest
from click.testing import CliRunner, Result
from jupyter_utils.cli import main
from jupyter_utils.commands import environment as command
from jupyter_utils.environments import building, nix
from jupyter_utils.environments.building import Unpacked
from jupyter_utils.environments.overlay_record import Package, written
from jupyter_utils.environments.recipe import Recipe
from jupyter_utils.errors import OverlayError
from test_recipe_archive import FILES, packed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCKED = {**FILES, "python/files.json": b'{"lock": "abc"}'}
PATH = sys.prefix


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


class RunWithOverlay:
    """A run that had one package of %pip on top."""

    def __init__(self, package: Package) -> None:
        self.record = written([package])

    def text(self, _name: str) -> str:
        return self.record


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Iterator[package_index.PackageIndex]:
    index = package_index.PackageIndex()
    index.add_wheel("alpha", "1.0")
    with package_index.serving(index) as served:
        for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PIP_INDEX_URL", served.url)
        yield served


@pytest.mark.usefixtures("file")
def test_what_pip_had_added_comes_back_on_top(
    offered: package_index.PackageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --overlay, after a question; without, the command says how. The very file, or none."""
    name = "alpha-1.0-py3-none-any.whl"
    package = Package("alpha", "1.0", exact=True, sha256=package_index.sha256(offered.files[name]), file=name)
    tags = {"jupyter_utils.overlay": "alpha==1.0"}
    monkeypatch.setattr(command, "_recipe", lambda _source: (Recipe(LOCKED), tags, "the run x, made by somebody"))
    monkeypatch.setattr(command, "_run", lambda _run: RunWithOverlay(package))
    target = tmp_path / "overlay"
    assert "%pip had added alpha==1.0: --overlay FOLDER" in build("x", "--trust").output
    monkeypatch.setattr(command, "_ask", lambda *_words, **_named: None)  # the recipe is this checkout's
    refused = build("x", "--overlay", target)
    assert refused.exit_code == 1
    assert "Packages that the run x, made by somebody had added: alpha==1.0." in refused.output
    assert not target.exists()
    done = build("x", "--overlay", target, "--trust")
    assert done.exit_code == 0, done.output
    assert f"{target} has what %pip had added: alpha==1.0" in done.output
    assert list(target.rglob("alpha*"))
    offered.files.pop(name)
    offered.add_wheel("alpha", "1.0", "changed")
    other = build("x", "--overlay", tmp_path / "other", "--trust")
    assert isinstance(other.exception, SystemExit | OverlayError)
    assert not (tmp_path / "other").exists()


@pytest.mark.usefixtures("file")
def test_a_run_without_an_overlay(tmp_path: Path) -> None:
    """What was asked for is not there, and that is no error."""
    done = build(tmp_path / "recipe.tar.gz", "--trust", "--overlay", tmp_path / "overlay")
    assert "no packages of %pip on top" in done.output
    assert done.exit_code == 0
