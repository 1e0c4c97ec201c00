"""Making the environment of a run: built from its recipe where Nix is, and with the packages of its overlay on top."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.environments.building import unpacked
from jupyter_utils.environments.nix import found_nix
from jupyter_utils.environments.overlay import restore_overlay
from jupyter_utils.environments.overlay_record import read_record
from jupyter_utils.environments.recipe import ARCHIVE, read_recipe
from jupyter_utils.errors import NixError, OverlayError, RecipeError, ReproduceError
from jupyter_utils.machine.urls import said

from .interpreter import Interpreter, interpreter
from .leftovers import hold, place
from .plan import Finding, Plan, Status, part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .original import Original

OVERLAY = "overlay.json"


@contextmanager
def environment(
    original: Original, plan: Plan, data: Path | None, tell: Callable[[str], object]
) -> Iterator[tuple[Interpreter, Plan]]:
    """Have the Python of a run for the block, and the plan with what came of it.

    Args:
        original: the run.
        plan: what was expected.
        data: a folder that may hold wheels.
        tell: is told what takes long.

    Raises:
        ReproduceError: packages that `%pip` had added cannot be had as they were.
    """
    found, why = interpreter(original), ""
    builds = not found.is_recorded and is_buildable(original)
    if not builds and not original.own(OVERLAY):
        yield found, plan
        return
    place().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="environment-", dir=place()) as name, hold(Path(name)):
        if builds:
            tell("Building the environment of the run from its recipe")
            found, why = _built(original, Path(name), found)
        if original.own(OVERLAY):
            tell("Installing the packages that %pip had added")
            found = _with_overlay(original, Path(name) / "overlay", found, data)
        yield found, _told(plan, why) if why else plan


def is_buildable(original: Original) -> bool:
    """Tell whether the run's environment can be built here: it has a recipe, and there is Nix."""
    return bool(original.tag("store_path")) and original.own(ARCHIVE) is not None and found_nix() is not None


def _built(original: Original, folder: Path, otherwise: Interpreter) -> tuple[Interpreter, str]:
    """Build it; where another path comes out, or none, say why, and stay with what is here."""
    wanted, named = original.tag("store_path"), original.tag("environment")
    try:
        recipe = read_recipe(original.own(ARCHIVE) or b"", f"{ARCHIVE} of run {original.id}")
        if named and not recipe.fits(named):
            return otherwise, f"the run's recipe is not that of {named}"
        with unpacked(recipe) as found:
            output = found.output(wanted, original.tag("variant"))
            if found.paths[output] != wanted:
                more = "; ".join(found.differences(original.tags))
                return otherwise, f"the recipe gives {found.paths[output]}, and not {wanted} {more}".strip()
            found.bring(output, folder / "environment")
    except (NixError, RecipeError) as error:
        return otherwise, f"it could not be built from its recipe: {said(error)[:500]}"
    return interpreter(original), ""


def _with_overlay(original: Original, target: Path, base: Interpreter, wheels: Path | None) -> Interpreter:
    try:
        packages = read_record((original.own(OVERLAY) or b"").decode("utf-8"))
        restore_overlay(packages, target, wheels=wheels, python=Path(base.path))
    except (OverlayError, UnicodeDecodeError) as error:
        text = said(error).replace("--wheels FOLDER", "--data FOLDER")
        raise ReproduceError(f"{text}\nNothing was executed.") from None
    return replace(base, path=str(target / "bin" / "python"))


def _told(plan: Plan, why: str) -> Plan:
    """Put what came of building into the plan, in the place of what was expected."""
    before = [one for one in plan["environment"].findings if one.status is not Status.UNKNOWN]
    found = part("environment", [Finding(Status.APPROXIMATE, f"the present one stands in: {why}"), *before], "")
    return Plan(plan.run, tuple(found if one.name == found.name else one for one in plan.parts))
