"""The recipe of an environment: the files from which Nix builds it, in an archive beside it (nix/shared/recipe.nix).

Its digest is the SHA-256 of what `sha256sum` prints of the files in the order of their names, so that anybody can check
it: `find * -type f | LC_ALL=C sort | xargs sha256sum | sha256sum`. An environment's name is BASE-VARIANT-DIGEST, with
the first twelve digits; whether two are the same is decided by the store path.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from jupyter_utils.errors import RecipeError
from jupyter_utils.machine.variables import given

if TYPE_CHECKING:
    from .record import Record

ARCHIVE = "recipe.tar.gz"
_ABOUT = "recipe.json"
_DIGITS = 12
_LIMIT = 64 * 2**20
"""Bytes that an unpacked recipe takes at most: it is a hundredth of that."""
# The file by which a base begins.
_BASES = {"debian": "nix/debian/default.nix", "nixpkgs": "flake.nix"}
_NAME_ONE = "Name a run, or the archive in its folder jupyter_utils."


@dataclass(frozen=True)
class Own:
    """The recipe of the environment that runs, as the program brought it that was started.

    Attributes:
        name: of the environment.
        digest: of the recipe, whole.
        output: what of the base is built.
        archive: the file.
    """

    name: str
    digest: str
    output: str
    archive: Path


def own_recipe(record: Record | None) -> Own | None:
    """Return the recipe of this environment; None where the program that was started has none of it with it.

    A variable names it, which processes hand on to each other: that of another environment does not count.
    """
    folder = Path(given("JUPYTER_UTILS_RECIPE"))
    with suppress(OSError, ValueError, KeyError, TypeError):
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        if record and record.store_path and about["environment"] == record.store_path:
            return Own(about["name"], about["digest"], about["output"], (folder / ARCHIVE).resolve(strict=True))
    return None


def why_none(record: Record | None) -> str:
    """Say why there is no recipe of what runs."""
    if record is None:
        return "this Python is no environment of this project"
    if record.store_path is None:
        return "the environment was copied out of the Nix store"
    return "its Python was started by itself, and not by the program that carries the recipe (lab, python)"


@dataclass(frozen=True)
class Recipe:
    """The files of a recipe: path -> content."""

    files: dict[str, bytes]

    @property
    def digest(self) -> str:
        """SHA-256 of what `sha256sum` prints of the files."""
        sums = (f"{hashlib.sha256(self.files[name]).hexdigest()}  {name}\n" for name in sorted(self.files))
        return hashlib.sha256("".join(sums).encode()).hexdigest()

    @property
    def base(self) -> str:
        """`debian` or `nixpkgs`."""
        return next(base for base, file in _BASES.items() if file in self.files)

    def name(self, variant: str) -> str:
        """Return the name of its environment of a variant (`cpu`, `cuda`)."""
        return f"{self.base}-{variant}-{self.digest[:_DIGITS]}"

    def fits(self, name: str) -> bool:
        """Return whether an environment of that name is made by it."""
        return name in {self.name("cpu"), self.name("cuda")}

    def write(self, folder: Path) -> None:
        """Unpack it into a folder."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def is_of(self, checkout: Path) -> bool:
        """Return whether a checkout would build the same: all files are there as they are here."""
        with suppress(OSError):
            return all((checkout / name).read_bytes() == content for name, content in self.files.items())
        return False


def read_recipe(content: bytes, where: str) -> Recipe:
    """Read an archive, which may come from anybody; `where` names it in messages.

    Raises:
        RecipeError: it is no recipe.
    """
    try:
        with gzip.open(io.BytesIO(content)) as packed:
            whole = packed.read(_LIMIT + 1)
        if len(whole) > _LIMIT:
            raise RecipeError(f"{where} is no recipe: unpacked it is larger than any. {_NAME_ONE}")
        with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
            recipe = Recipe({member.name: _content(archive, member, where) for member in archive})
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise RecipeError(f"{where} is no recipe of an environment, or a damaged one ({error}). {_NAME_ONE}") from None
    if not any(file in recipe.files for file in _BASES.values()):
        raise RecipeError(
            f"{where} is no recipe of an environment: it has neither of {', '.join(_BASES.values())}. {_NAME_ONE}"
        )
    return recipe


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, where: str) -> bytes:
    path = PurePosixPath(member.name)
    file = archive.extractfile(member) if member.isreg() else None
    if file is None or path.is_absolute() or ".." in path.parts or str(path) != member.name:
        raise RecipeError(f"{where} is no recipe: {member.name!r} in it is no plain file of a folder. {_NAME_ONE}")
    return file.read()
