"""Building an environment again from its recipe, and saying whether it is the same."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.errors import NixError

from .nix import nix, nix_store, run, valid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .recipe import Recipe

_OUTPUTS = ("environment", "environment-gpu", "environment-mlflow", "environment-all", "environment-all-gpu")
"""Of both bases."""


@dataclass(frozen=True)
class Unpacked:
    """A recipe in a folder of its own.

    Attributes:
        recipe: what it is.
        folder: where its files are.
        paths: output of the base -> the store path that Nix gives it.
        system: the base's own release, as records have it; empty where it cannot be told.
    """

    recipe: Recipe
    folder: Path
    paths: Mapping[str, str]
    system: str

    def output(self, store_path: str, variant: str) -> str:
        """Return the output that has this path; where none has, the one that a lab of that variant runs on."""
        same = (output for output, path in self.paths.items() if path == store_path)
        return next(same, "environment-gpu" if variant == "cuda" else "environment")

    def bring(self, output: str, link: Path | None) -> None:
        """Build an output, after its files were fetched where the base needs that; nothing else stands in for them.

        Raises:
            NixError: it could not be fetched or built.
        """
        if self.recipe.base == "debian":
            code = run([_python(), str(self.folder / "nix/debian/fetch.py"), output, "--locked", *self._options()])
            if code:
                raise NixError("What the recipe pins could not be fetched; the words of the fetch step are above.")
        kept = ["--out-link", str(link)] if link else ["--no-link"]
        nix("build", "--impure", "--expr", f"({_base(self.recipe, self.folder)}).{output}", *kept, shown=True)

    def _options(self) -> list[str]:
        given = {"--lock": self.folder / "lock", "--pin": self.folder / "pin" / "system.json"}
        return [word for name, path in given.items() if path.exists() for word in (name, str(path))]

    def lock(self) -> str:
        """Return SHA-256 of the lock, as records have it."""
        name = "lock" if (self.folder / "lock").exists() else "python"
        return str(json.loads((self.folder / name / "files.json").read_text(encoding="utf-8"))["lock"])

    def differences(self, tags: Mapping[str, str]) -> Iterator[str]:
        """Yield what differs from the environment that a run's tags tell of, beside the store path."""
        for name, here in {"lock": self.lock(), "system": self.system}.items():
            there = tags.get(f"jupyter_utils.{name}", "")
            if here and there and here != there:
                yield f"{name}: {there} in the run, {here} by the recipe"


@contextmanager
def unpacked(recipe: Recipe) -> Iterator[Unpacked]:
    """Unpack a recipe, and ask Nix for the paths that it gives; the folder goes afterwards.

    Raises:
        NixError: there is no Nix here, or it cannot evaluate the recipe.
    """
    with tempfile.TemporaryDirectory(prefix="jupyter-utils-recipe-") as name:
        folder = Path(name).resolve()
        recipe.write(folder)
        outputs = " ".join(f"{output} = base.{output}.outPath;" for output in _OUTPUTS)
        system = "baseNameOf base.files.system.path" if recipe.base == "debian" else '""'
        asked = f"let base = {_base(recipe, folder)}; in {{ paths = {{ {outputs} }}; system = {system}; }}"
        found = json.loads(nix("eval", "--impure", "--json", "--expr", asked))
        yield Unpacked(recipe, folder, found["paths"], found["system"])


def sources_of(recipe: Recipe, output: str) -> list[str]:
    """Return the store paths of the files that an output is built from, those that are in the store.

    The Debian system is one of them as it is, so that none of its packages is needed.

    Raises:
        NixError: Nix cannot tell.
    """
    with unpacked(recipe) as found:
        if recipe.base != "debian":
            raise NixError("Sources are archived of the debian base alone; those of nixpkgs have caches of their own.")
        base = _base(recipe, found.folder)
        derivation = nix("eval", "--impure", "--raw", "--expr", f"({base}).{output}.drvPath")
        files = json.loads(nix("eval", "--impure", "--json", "--expr", f"({base}).files"))
    known = {entry["path"] for entry in [files["system"], *files["wheels"]]}
    derivations = [path for path in nix_store("--query", "--requisites", derivation).split() if path.endswith(".drv")]
    return valid(sorted(known & set(nix_store("--query", "--outputs", *derivations).split())))


def _base(recipe: Recipe, folder: Path) -> str:
    """Return the base of a recipe in a folder, in Nix' own language."""
    lock = f"lock = {_place(folder / 'lock')}; " if (folder / "lock").exists() else ""
    if recipe.base == "nixpkgs":
        flake = f'(builtins.getFlake "path:{folder}")'
        return f"({flake}.lib.mkLab {{ {lock}}}).packages" if lock else f"{flake}.packages.x86_64-linux"
    pin = f"pin = {_place(folder / 'pin' / 'system.json')}; " if (folder / "pin").exists() else ""
    return f"import {_place(folder / 'nix' / 'debian')} {{ {lock}{pin}}}"


def _place(path: Path) -> str:
    """Return a path in Nix' own language, whatever signs it has."""
    escaped = json.dumps(str(path), ensure_ascii=False).replace("${", "\\${")
    return f"(/. + {escaped})"


def _python() -> str:
    """Return the Python that fetches: the machine's own, which has pip; this environment's has it, too."""
    return shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin") or sys.executable
