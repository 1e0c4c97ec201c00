"""From the wish to the lock: resolve, choose one file of each package, write all or nothing."""

from __future__ import annotations

import difflib
import json
import sys
import tempfile
import tomllib
from pathlib import Path

from . import LockError, direct, listing, normalized, poetry, say
from .folder import Wanted, held, is_current, ours, write
from .index import Index
from .project import beside
from .tools import CommandError, Tools


def lock(home: Path, project: Path | None, update: list[str] | None) -> None:
    """Lock what `home`, the lab's own folder, asks for, or a project's packages beside it."""
    wanted = ours(home) if project is None else beside(project.absolute(), ours(home))
    with held(wanted):
        if update is None and is_current(wanted):
            say(f"{wanted.folder / 'poetry.lock'} holds what {wanted.edited} asks for; left as it is")
            return
        names = None if update is None else known(wanted, update)
        with tempfile.TemporaryDirectory(prefix="lock-") as folder:
            tools = Tools(Path(folder) / "tools")
            text = made(tools, wanted, names, Path(folder))
            paths = direct.completed(tools, text, direct.known(home, wanted.folder))
        write(wanted, text, listing.listed(wanted.wishes, text, paths))
    sys.stdout.write(f"{wanted.folder / 'poetry.lock'} and files.json: {summary(wanted.start, text)}\n")


def known(wanted: Wanted, names: list[str]) -> list[str]:
    """Return the names as the lock spells them; raise where it has none such, before minutes of work."""
    locked = {*versions(wanted.start), *map(normalized, wanted.asked())}
    for name in names:
        if normalized(name) not in locked:
            near = difflib.get_close_matches(normalized(name), locked, n=1)
            hint = f"did you mean {near[0]}?" if near else f"add it to {wanted.edited} first, then run without --update"
            raise LockError(f"--update {name}: the lock has no such package; {hint}")
    return [normalized(name) for name in names]


def made(tools: Tools, wanted: Wanted, update: list[str] | None, folder: Path) -> str:
    """Return the text of the new lock."""
    say("installing Poetry ...")
    tools.install()
    index = Index.of_pip(tools)
    if wanted.python and not poetry.allows_python(tools, wanted.python):
        raise LockError(
            f"{wanted.edited} asks for python {wanted.python!r}, but the lab's Python is 3.11: "
            "write a range that holds 3.11"
        )
    text = poetry.resolved(tools, index, wanted, update, folder)
    text = listing.pruned(text, chosen(tools, text, wanted.start, folder))
    text = poetry.with_hash(tools, wanted, text, folder)
    listing.check_torch(text, wanted.torch_cpu)
    return text


def chosen(tools: Tools, text: str, start: str, folder: Path) -> set[str]:
    """Return the hashes of the files that are to be used; see choose.py."""
    for name, content in (("new.lock", text), ("old.lock", start)):
        (folder / name).write_text(content, encoding="utf-8")
    words = (Path(__file__).with_name("choose.py"), folder / "new.lock", folder / "old.lock")
    try:
        return set(json.loads(tools.python(*words)))
    except CommandError as error:
        raise LockError(f"nothing was changed: {str(error).strip()}") from error


def versions(text: str) -> dict[str, str]:
    """Return name -> version of the packages of a lock."""
    packages = tomllib.loads(text).get("package", [])
    return {normalized(package["name"]): package["version"] for package in packages}


def summary(before: str, after: str) -> str:
    """Return what the lock holds now, and what of it is not as it was (beside ours, for a project)."""
    old, new = versions(before), versions(after)
    changes = {
        "added": [f"{name} {new[name]}" for name in new if name not in old],
        "moved": [f"{name} {old[name]} -> {new[name]}" for name in new if old.get(name, new[name]) != new[name]],
        "removed": [name for name in old if name not in new],
    }
    parts = [f"{what}: {', '.join(names)}" for what, names in changes.items() if names]
    return "; ".join([f"{len(new)} packages", *parts])
