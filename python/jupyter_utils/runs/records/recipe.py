"""The recipe of a run's environment, kept with the run: from it Nix builds that environment again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.entries.entry import ARTIFACTS
from jupyter_utils.environments.recipe import ARCHIVE, Recipe, own_recipe, read_recipe, why_none
from jupyter_utils.environments.record import built_environment
from jupyter_utils.errors import LoadError, RecipeError

from .provenance import cut
from .recorded import Recorded

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_utils.runs.sources import Source

FILE = f"{OWN_FOLDER}/{ARCHIVE}"
NAME_TAG = "jupyter_utils.environment"
_TAG = "jupyter_utils.recipe"


def record_recipe(directory: Path) -> Recorded:
    """Keep it as the artifact `jupyter_utils/recipe.tar.gz` below `directory`, and return the tags that say so.

    `jupyter_utils.environment` is the environment's name. `jupyter_utils.recipe` says where there is no recipe, or
    where it is not the whole.

    Raises:
        OSError: the disk does not take the file.
    """
    record = built_environment()
    own = own_recipe(record)
    if own is None:
        return Recorded({_TAG: f"none: {why_none(record)}"})
    try:
        content = own.archive.read_bytes()
    except OSError as error:
        return Recorded({_TAG: cut(f"none: {error}")})
    path = directory / ARTIFACTS / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    tags = {NAME_TAG: own.name}
    if record and record.extra:
        tags[_TAG] = cut(f"incomplete: the flake that adds {', '.join(record.extra)} is needed, too")
    return Recorded(tags)


def recipe_of(source: Source, name: str) -> Recipe:
    """Return the recipe of a run, whose environment has that name.

    Raises:
        RecipeError: it has none, or another one than it names.
    """
    try:
        content = source.content(FILE)
    except LoadError as error:
        raise RecipeError(f"The run {source.id} has no recipe of its environment ({error})") from None
    recipe = read_recipe(content, f"{FILE} of run {source.id}")
    if name and not recipe.fits(name):
        raise RecipeError(
            f"{FILE} of run {source.id} is not the recipe of {name}, which the run names, but of "
            f"{recipe.name('cpu')}: it was changed after the run was saved."
        )
    return recipe
