"""A project's packages beside the lab's: one more group of its wishes, in DIR/lock."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import LockError, normalized, say
from .folder import Wanted, check_lock, read, toml

if TYPE_CHECKING:
    from pathlib import Path

# What Poetry takes from an index; git, path, url would not be in it, and nothing would bring them into the store.
READ = {"version", "extras", "markers", "python", "platform", "allow-prereleases"}
PACKAGE = re.compile(r"(?ms)^\[\[package\]\]\n.*?(?=^\[\[package\]\]\n|^\[extras\]\n|^\[metadata\]\n)")


def beside(project: Path, ours: Wanted) -> Wanted:
    """Return what is to be locked: all of ours in our versions, and the project's own."""
    edited = project / "pyproject.toml"
    if not edited.exists():
        raise LockError(f"--project {project} has no pyproject.toml; write one with [tool.poetry.dependencies]")
    if project.resolve() == ours.folder.resolve():
        raise LockError(f"--project {project} is the lab's own folder: leave --project out")
    dependencies = wished(edited)
    python = dependencies.pop("python", "")
    check(edited, dependencies)
    lines = "".join(f"{json.dumps(name)} = {written(value)}\n" for name, value in dependencies.items())
    base = hashlib.sha256(ours.start.encode()).hexdigest()
    made = f"\n# Made by lock.py from ../pyproject.toml, beside the lab's lock {base[:16]}.\n"
    return replace(
        ours,
        folder=project / "lock",
        edited=edited,
        wishes=f"{ours.wishes}{made}[tool.poetry.group.project.dependencies]\n{lines}",
        start=merged(ours.start, project / "lock" / "poetry.lock"),
        python=python if isinstance(python, str) else "",
    )


def wished(edited: Path) -> dict[str, Any]:
    """Return a project's dependencies."""
    said = toml(edited)
    poetry = said.get("tool", {}).get("poetry", {})
    dependencies: dict[str, Any] = dict(poetry.get("dependencies", {}))
    if not dependencies.keys() - {"python"}:
        hint = (
            "; those of [project] are not read, write them there" if "dependencies" in said.get("project", {}) else ""
        )
        raise LockError(f"{edited} names no package under [tool.poetry.dependencies]{hint}")
    if groups := list(poetry.get("group", {})):
        say(f"{edited}: only [tool.poetry.dependencies] is read, not the groups {', '.join(groups)}")
    return dependencies


def check(edited: Path, dependencies: dict[str, Any]) -> None:
    """Raise where a dependency is none that an index can answer."""
    for name, value in dependencies.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                odd = sorted(one.keys() - READ) or ([] if isinstance(one.get("version"), str) else ["no version"])
                if odd:
                    raise LockError(
                        f"{edited}: {name} is asked for with {', '.join(odd)}; "
                        "only versions from an index can be locked: "
                        f'{name} = "VERSION", or {{ version = "VERSION", extras = [...], markers = "..." }}'
                    )
            elif not isinstance(one, str):
                raise LockError(
                    f"{edited}: {name} = {one!r} is of type {type(one).__name__}; write the version in quotes"
                )


def written(value: Any) -> str:
    """Return a value of a dependency in TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {written(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def merged(ours: str, theirs: Path) -> str:
    """Return our lock and what a project's earlier one has beside it, so that a project's own versions stay, too."""
    if not theirs.exists():
        return ours
    text = read(theirs)
    check_lock(theirs, text)
    known = {name_of(block) for block in PACKAGE.findall(ours)}
    further = "".join(block for block in PACKAGE.findall(text) if name_of(block) not in known)
    head, mark, tail = ours.rpartition("\n[metadata]\n")
    return f"{head}\n{further.rstrip()}\n{mark}{tail}"


def name_of(block: str) -> str:
    """Return the package of a part of a lock."""
    match = re.search(r'(?m)^name = "([^"]+)"$', block)
    return normalized(match[1]) if match else ""
