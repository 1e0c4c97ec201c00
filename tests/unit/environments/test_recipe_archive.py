"""A recipe: its digest, which of them is this environment's, and what is refused."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.environments.recipe import Recipe, own_recipe, read_recipe, why_none
from jupyter_utils.environments.record import Record
from jupyter_utils.environments.showing import rows
from jupyter_utils.errors import RecipeError
from jupyter_utils.runs.records import recipe as kept

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"nix/debian/default.nix": b"{ }\n", "python/jupyter_utils/a.py": "猫".encode(), "python/B": b""}
STORE_PATH = "/nix/store/x-environment"
RECORD = Record("lock", "debian", "cuda", "s-debian", pinned=True, store_path=STORE_PATH)


def packed(files: dict[str, bytes], kind: bytes = tarfile.REGTYPE) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.type, member.linkname = len(content), kind, "/etc/passwd"
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


@pytest.fixture
def carried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a recipe, as a program brings it."""
    folder = tmp_path / "recipe-environment"
    folder.mkdir()
    recipe = Recipe(FILES)
    about = {"name": recipe.name("cuda"), "digest": recipe.digest, "output": "environment", "environment": STORE_PATH}
    (folder / "recipe.json").write_text(json.dumps(about))
    (folder / "recipe.tar.gz").write_bytes(packed(FILES))
    monkeypatch.setenv("JUPYTER_UTILS_RECIPE", str(folder))
    return folder


def test_anybody_can_check_a_digest(tmp_path: Path) -> None:
    """Unpacked, the command of the docstring prints it."""
    recipe = read_recipe(packed(FILES), "here")
    recipe.write(tmp_path)
    command = "find * -type f | LC_ALL=C sort | xargs sha256sum | sha256sum"
    shown = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert shown.stdout.split() == [recipe.digest, "-"]
    assert recipe.name("cpu") == f"debian-cpu-{recipe.digest[:12]}"
    assert recipe.fits(recipe.name("cuda"))
    assert not recipe.fits("debian-cpu-000000000000")
    assert recipe.is_of(tmp_path)
    (tmp_path / "python" / "B").write_text("changed")
    assert not recipe.is_of(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"no archive",
        packed(FILES)[:-20],
        packed({"../out": b""}),
        packed({"/etc/cron.d/out": b""}),
        packed({"nix/./debian/default.nix": b""}),
        packed({"nix/debian/default.nix": b""}, tarfile.SYMTYPE),
        packed({"other": b""}),
        gzip.compress(b"\0" * (64 * 2**20 + 1)),
    ],
    ids=["text", "cut", "above", "absolute", "spelt otherwise", "link", "of something else", "bomb"],
)
def test_what_is_no_recipe_is_refused(content: bytes) -> None:
    """It may come from anybody: nothing in it leaves the folder in which it is unpacked."""
    with pytest.raises(RecipeError, match="of run 1"):
        read_recipe(content, "recipe.tar.gz of run 1")


def test_the_programs_recipe_is_this_environments_alone(carried: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is handed on to whatever a lab starts: another environment there has no recipe, and says why."""
    own = own_recipe(RECORD)
    assert own
    assert (own.name, own.archive) == (Recipe(FILES).name("cuda"), carried / "recipe.tar.gz")
    other = Record("lock", "debian", "cpu", "s-debian", pinned=True, store_path="/nix/store/y-environment")
    assert own_recipe(other) is None
    assert own_recipe(None) is None
    (carried / "recipe.json").write_text("{")
    assert own_recipe(RECORD) is None
    monkeypatch.delenv("JUPYTER_UTILS_RECIPE")
    assert own_recipe(RECORD) is None
    assert "started by itself" in why_none(RECORD)


def test_a_run_keeps_it_or_says_why_not(carried: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an artifact, with the environment's name as a tag; plain Python has none."""
    monkeypatch.setattr(kept, "built_environment", lambda: RECORD)
    assert kept.record_recipe(tmp_path).tags == {"jupyter_utils.environment": Recipe(FILES).name("cuda")}
    assert (tmp_path / "artifacts" / kept.FILE).read_bytes() == (carried / "recipe.tar.gz").read_bytes()
    extra = Record(**{**vars(RECORD), "extra": ("six-1.17.0",)})
    monkeypatch.setattr(kept, "built_environment", lambda: extra)
    tags = kept.record_recipe(tmp_path).tags
    assert tags["jupyter_utils.recipe"] == "incomplete: the flake that adds six-1.17.0 is needed, too"
    monkeypatch.setattr(kept, "built_environment", lambda: None)
    shutil.rmtree(tmp_path / "artifacts")
    tags = kept.record_recipe(tmp_path).tags
    assert tags == {"jupyter_utils.recipe": "none: this Python is no environment of this project"}
    assert not (tmp_path / "artifacts").exists()


def test_what_is_shown_of_a_run() -> None:
    """The rows that it has, with a word where the system is not the pinned one."""
    tags = {"jupyter_utils.environment": "debian-cpu-0", "jupyter_utils.system": "s", "jupyter_utils.pinned": "false"}
    shown = dict(rows(tags))
    assert shown == {"name": "debian-cpu-0", "system": "s (not the pinned one)", "recipe": "kept with the run"}
