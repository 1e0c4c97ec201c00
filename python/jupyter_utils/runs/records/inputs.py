"""Which files a run was computed from: what the kernel or script has read, with size and digest."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.entries.entry import ARTIFACTS, INCOMING
from jupyter_utils.kernels.inputs import Input, Seen, is_off, seen
from jupyter_utils.kernels.inputs.digests import SAMPLED_FROM, Digest, Identity, identity
from jupyter_utils.kernels.inputs.places import WITHOUT, Hub, Places, hub
from jupyter_utils.machine.progress import progress
from jupyter_utils.machine.urls import sqlite_file
from jupyter_utils.notebook import executing_file

from .recorded import Recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from jupyter_utils.runs.call import Call

FILE = f"{OWN_FOLDER}/inputs.json"
TAG = "jupyter_utils.inputs"
_FORMAT = 1
_NAMED = 5
# Below, starting threads costs more than reading one file after the other.
_LARGE = 16 * 2**20
_THREADS = 4


@dataclass
class _File:
    """An input as the run records it: `shown` relative to the repository where inside; `now` is what is there."""

    seen: Input
    shown: str
    real: str
    now: Identity | None
    digest: Digest | None = None
    changed: bool = False
    notes: list[str] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "path": self.shown,
            "on_disk": self.real,
            "size": self.seen.identity[2],
            **({self.digest.kind: self.digest.value} if self.digest else {}),
            "changed": self.changed,
            "cells": self.seen.cells,
            "note": "; ".join([*self.seen.notes, *self.notes]),
        }


def record_inputs(call: Call, directory: Path) -> Recorded:
    """Write the files that were read as the artifact `jupyter_utils/inputs.json` below `directory`.

    `path` is relative to the repository where inside; `on_disk` is where the file lies, links resolved; `size` is in
    bytes; `sha256`, or from 1 GB on `sampled` (`kernels.inputs.digests` says what that is), is always that of what was
    read, and missing where that is not known any more; `cells` are the numbers of the executions that read it.

    Returns:
        the tag that counts them, and a warning where a file has changed since it was read. Whatever fails costs the
        record, which then says that it is partial and why, and never the run.
    """
    try:
        data, files = _found(call, directory)
    except Exception as error:  # noqa: BLE001 - a disk, a system or a library that nobody has seen yet
        data, files = _nothing(f"not recorded ({type(error).__name__}: {error})"), []
    if is_off() and not files:
        return Recorded({TAG: "not recorded"})
    try:
        path = directory / ARTIFACTS / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(data, ensure_ascii=False, indent=1)
        path.write_bytes(text.encode("utf-8", "backslashreplace"))  # undecodable bytes of names as JSON's \udcXX
    except OSError as error:
        return Recorded({TAG: f"not recorded ({error})"[:500]})
    return Recorded({TAG: _counted(data)}, tuple(_warnings(files)), _on_card(data))


def _nothing(reason: str) -> dict[str, Any]:
    return {"format": _FORMAT, "complete": False, "partial": [reason], "files": [], "hub": []}


def _found(call: Call, directory: Path) -> tuple[dict[str, Any], list[_File]]:
    found, notebook = seen(), call.notebook.path if call.notebook else None
    partial = list(found.partial)
    roots = _roots(notebook or executing_file())
    places = Places(_not_inputs(call, directory, notebook), roots[0] if roots else None)
    files, hubs, left_out = _sorted_out(found, places, roots)
    if left_out:
        partial.append(f"files in {', '.join(places.without)} are left out ({WITHOUT})")
    _take_digests(found, files)
    data = {
        "format": _FORMAT,
        "complete": not partial,
        "partial": partial,
        "files": [file.record() for file in files],
        "hub": [one._asdict() for one in hubs],
    }
    return data, files


def _not_inputs(call: Call, directory: Path, notebook: Path | None) -> list[str]:
    """Return files and folders of this run's own: notebook, script, spool, and MLflow's folder where it is at hand."""
    artifacts = os.path.realpath(directory / ARTIFACTS)
    store, incoming, _ = artifacts.partition(f"/{INCOMING}/")
    own = [notebook, executing_file(), call.spool.path, store if incoming else None, sqlite_file(call.uri)]
    return [os.path.abspath(one) for one in own if one is not None]


def _roots(file: Path | None) -> list[str]:
    """Return the folder of the repository around the notebook, script or current folder: as named, and on disk."""
    place = os.path.dirname(os.path.abspath(file)) if file else os.getcwd()
    for start in dict.fromkeys((place, os.path.realpath(place))):
        folder = start
        while folder != os.path.dirname(folder):
            if os.path.exists(os.path.join(folder, ".git")):
                return list(dict.fromkeys((folder, os.path.realpath(folder))))
            folder = os.path.dirname(folder)
    return []


def _sorted_out(found: Seen, places: Places, roots: Sequence[str]) -> tuple[list[_File], list[Hub], int]:
    """Part what was read into files, what is of a hub, and how many the user wants left out."""
    files: dict[str, _File] = {}
    hubs: dict[Hub, None] = dict.fromkeys(filter(None, map(hub, found.watch.hub_addresses)))
    left_out, real_folders = 0, dict[str, str]()
    code = found.watch.ran | _imported()
    reals: set[str] = set()
    for one in (*list(found.watch.inputs.values()), *_mapped(found)):
        if is_off() and not one.by_hand:
            continue
        real = _real(one.path, real_folders)
        if not one.by_hand:
            if of_hub := hub(one.path) or hub(real):
                hubs[of_hub] = None
                continue
            if places.is_left_out(one.path, real):
                left_out += 1
                continue
            if places.is_program(one.path, real) or one.path in code or real in code:
                continue
            if not one.cells and real in reals and one.path not in found.watch.inputs:
                continue  # mapped or open, and known under the name by which it was opened
        reals.add(real)
        now = _now(one.path)
        files[one.path] = _File(one, _shown(one.path, real, roots), real, now)
    named = {(one.kind, one.repository) for one in hubs if one.revision}
    kept = [one for one in hubs if one.revision or (one.kind, one.repository) not in named]
    return sorted(files.values(), key=lambda file: file.shown), sorted(kept, key=lambda one: one[:2]), left_out


def _mapped(found: Seen) -> Iterable[Input]:
    written = {os.path.realpath(name) for name in found.watch.written} if found.mapped else set()
    for name in found.mapped:
        now = _now(name)
        if now is not None and name not in found.watch.inputs and name not in written:
            yield Input(name, now, [], ["mapped or open when the run was saved"])


def _imported() -> set[str]:
    """Return the files of all modules: code is another record."""
    import sys

    found = set()
    for module in list(sys.modules.values()):
        with suppress(Exception):  # what libraries put there need not be a module
            found |= {name for name in (module.__file__, module.__cached__) if isinstance(name, str)}
    return found


def _real(path: str, folders: dict[str, str]) -> str:
    """Resolve links; each folder once."""
    folder, name = os.path.split(path)
    if folder not in folders:
        folders[folder] = os.path.realpath(folder)
    real = os.path.join(folders[folder], name)
    return os.path.realpath(real) if os.path.islink(real) else real


def _now(path: str) -> Identity | None:
    with suppress(OSError, ValueError):
        now = os.stat(path)
        if stat.S_ISREG(now.st_mode):
            return identity(now)
    return None


def _shown(path: str, real: str, roots: Sequence[str]) -> str:
    for candidate in (path, real):
        for root in roots:
            if candidate.startswith(f"{root}/"):
                return candidate.removeprefix(f"{root}/")
    return path


def _take_digests(found: Seen, files: Sequence[_File]) -> None:
    """Have the digest of what was read, wherever that can still be known, and say where it can't."""
    digests = found.watch.digests
    for file in files:
        file.digest = file.seen.digest or digests.known(file.seen.identity)
    waiting = [file for file in files if _wants_reading(file)]
    sizes = [
        min(file.now[2], 64 * 2**20) if file.now[2] >= SAMPLED_FROM else file.now[2] for file in waiting if file.now
    ]

    def take(file: _File, count: Callable[[int], object]) -> None:
        try:
            file.now, made = digests.take(file.seen.path, count)
        except OSError as error:
            file.notes.append(f"it cannot be read now ({error.strerror or error})")
            return
        if file.now == file.seen.identity:
            file.digest = made
        elif file.digest == made:
            file.now = file.seen.identity  # touched, and the same

    with progress("Reading inputs", sum(sizes), in_bytes=True) as bar:
        if sum(sizes) > _LARGE and len(waiting) > 1:
            with ThreadPoolExecutor(_THREADS) as pool:
                list(pool.map(lambda file: take(file, bar.update), waiting))
        else:
            for file in waiting:
                take(file, bar.update)
    for file in files:
        _judge(file)


def _wants_reading(file: _File) -> bool:
    if file.now is None:
        return False
    if file.now == file.seen.identity:
        return file.digest is None
    return file.digest is not None  # perhaps it was touched only


def _judge(file: _File) -> None:
    if file.seen.lost:
        file.notes.append(file.seen.lost)
    file.changed = file.now != file.seen.identity
    if file.now is None:
        file.notes.append("it is not there any more")
    elif file.changed:
        file.notes.append("it has changed since it was read")
    if file.changed and file.digest is None:
        file.notes.append("what was read is not known any more")


def _counted(data: dict[str, Any]) -> str:
    number = len(data["files"])
    parts = [f"{number} file" if number == 1 else f"{number} files"]
    if data["hub"]:
        parts.append(f"{len(data['hub'])} from a hub")
    return ", ".join([*parts, *([] if data["complete"] else ["partial"])])


def _on_card(data: dict[str, Any]) -> str:
    """Return what the card says: how many, and which lie where a clone of the repository has nothing."""
    if not data["files"] and not data["hub"]:
        return ""
    outside = [one["path"] for one in data["files"] if one["path"].startswith("/")]
    return _counted(data) + (f"; outside of the repository: {_named(outside)}" if outside else "")


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]).encode("utf-8", "backslashreplace").decode() + more


def _warnings(files: Sequence[_File]) -> list[str]:
    """Say what a person must know: that what lies there now is not what the run was computed from."""
    changed = [file.shown for file in files if file.changed]
    if not changed:
        return []
    verb = "was" if len(changed) == 1 else "were"
    said = f"{_named(changed)} {verb} changed or removed since this run read it"
    return [f"{said}: to have the result again, keep what was read ({FILE})."]
