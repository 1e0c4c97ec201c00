"""An environment as people read it, from the tags that a run has of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .recipe import own_recipe, why_none
from .record import built_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PREFIX = "jupyter_utils."
_ROWS = {
    "name": "environment",
    "base": "base",
    "variant": "variant",
    "python": "python",
    "lock": "lock",
    "system": "system",
    "store path": "store_path",
    "image": "image",
    "recipe": "recipe",
    "overlay": "overlay",
    "added": "added",
    "work tree": "working_tree",
}
"""What is shown, and the tag that says it."""


def this_environment(tags: Mapping[str, str]) -> dict[str, str]:
    """Add to the tags of a run what is known here besides: the environment's name, and where its recipe is."""
    record = built_environment()
    own = own_recipe(record)
    if own is None:
        return {**tags, f"{_PREFIX}recipe": f"none: {why_none(record)}"}
    extra = f"; needs the flake that adds {', '.join(record.extra)}, too" if record and record.extra else ""
    return {**tags, f"{_PREFIX}environment": own.name, f"{_PREFIX}recipe": f"{own.archive}{extra}"}


def rows(tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield name and value of what is known."""
    for name, tag in _ROWS.items():
        value = tags.get(_PREFIX + tag, "")
        if tag == "system" and tags.get(f"{_PREFIX}pinned") == "false":
            value += " (not the pinned one)"
        if tag == "recipe" and not value and f"{_PREFIX}environment" in tags:
            value = "kept with the run"
        if value:
            yield name, value
