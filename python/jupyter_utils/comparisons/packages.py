"""Which packages moved between two runs: by the lock, by what lies in the environment, and by what came on top."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.environments.recipe import ARCHIVE, read_recipe
from jupyter_utils.errors import CompareError, JupyterUtilsError

from .comparison import Row, Section, section
from .pairs import compare_pairs
from .verdict import Verdict

if TYPE_CHECKING:
    from .sides import Side

_STORE = re.compile(r"/nix/store/[0-9a-z]{32}-[\w.+-]+")
_NAME = re.compile(r"[-_.]+")
# In a recipe; those of a project of one's own come first.
_LOCKS = ("lock/files.json", "lock/poetry.lock", "python/files.json", "python/poetry.lock")


def compare_packages(a: Side, b: Side) -> Section:
    """Compare the locks, and name each package whose version moved as far as that can be known on this machine.

    A run names the lock that its environment was built from by its digest. The versions are read from the recipes that
    the runs hold, else from the environments themselves, where their places in the Nix store are on this machine;
    packages on top (`%pip`) are in the run.
    """
    locks = [one.tags.get("jupyter_utils.lock", "") for one in (a, b)]
    rows, notes = [_lock(*locks)], []
    if locks[0] != locks[1] or not locks[0]:
        known = next((found for way in (locked, _installed) if all(found := [way(one) for one in (a, b)])), None)
        if known:
            rows += compare_pairs(known[0], known[1])
        else:
            notes.append(
                "not both runs hold a recipe, or have their environment on this machine: packages are not listed"
            )
    rows += [_torch(a, b), *compare_pairs(_overlay(a), _overlay(b))]
    return section("packages", rows, notes, show_same=False)


def _lock(a: str, b: str) -> Row:
    if not a or not b:
        return Row("lock", Verdict.UNKNOWN, a, b, note="not built from a lock that the run knows")
    return Row("lock", Verdict.SAME if a == b else Verdict.DIFFERS, a[:16], b[:16])


def _torch(a: Side, b: Side) -> Row:
    """Compare the versions of torch that ran; one that was not imported says nothing."""
    one, other = (side.tags.get("jupyter_utils.torch", "") for side in (a, b))
    verdict = Verdict.SAME if one == other or not (one and other) else Verdict.DIFFERS
    return Row("torch (as imported)", verdict, one, other)


def locked(side: Side) -> dict[str, str]:
    """Return the packages of the lock in a run's recipe; none where there is no recipe, or none that can be read."""
    path = f"{OWN_FOLDER}/{ARCHIVE}"
    if path not in side.sizes:
        return {}
    try:
        files = read_recipe(side.own_content(path), path).files
        name = next(one for one in _LOCKS if one in files)
        text = files[name].decode()
        return _listed(json.loads(text)) if name.endswith(".json") else _listed({"": tomllib.loads(text)["package"]})
    except (JupyterUtilsError, StopIteration, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _listed(lists: dict[str, object]) -> dict[str, str]:
    rows = [row for rows in lists.values() if isinstance(rows, list) for row in rows]
    return {_normal(str(row["name"])): str(row["version"]) for row in sorted(rows, key=lambda row: str(row["name"]))}


def _installed(side: Side) -> dict[str, str]:
    """Return the packages of an environment in this machine's Nix store; reading their names executes nothing."""
    place = side.tags.get("jupyter_utils.store_path", "")
    if not _STORE.fullmatch(place):
        return {}
    folders = [str(one) for one in Path(place).glob("lib/python3.*/*-packages")]
    found = [(one.metadata["Name"], one.version) for one in distributions(path=folders)]
    return {_normal(name): version for name, version in sorted(found) if name}


def _overlay(side: Side) -> dict[str, str]:
    """Return what was installed on top, as the run recorded it: exactly, or by names and versions."""
    try:
        record = side.record("overlay.json")
    except CompareError:
        record = None
    if record:
        packages = [one for one in record.get("packages", []) if isinstance(one, dict)]
        return {f"on top: {_normal(str(one.get('name')))}": _exact(one) for one in packages}
    listed = side.tags.get("jupyter_utils.overlay", "").split(", ")
    pairs = [one.partition("==") for one in listed if "==" in one]
    return {f"on top: {_normal(name)}": version for name, _, version in pairs}


def _exact(package: dict[str, object]) -> str:
    digest = str(package.get("sha256") or "")[:12]
    return f"{package.get('version')}" + (f" ({digest})" if digest else "")


def _normal(name: str) -> str:
    """Spell a package's name as an index does.

    >>> _normal("Flask_WTF")
    'flask-wtf'
    """
    return _NAME.sub("-", name).lower()
