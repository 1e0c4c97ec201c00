"""The environment and the machine of a run, held against those that are here."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

from jupyter_utils.environments.record import built_environment
from jupyter_utils.runs.records.conditions import conditions

from .interpreter import interpreter
from .plan import Finding, Status
from .recorded_environment import OVERLAY, is_buildable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .original import Original


def environment_findings(original: Original) -> list[Finding]:
    """Say what of the environment is not what it was; nothing where it is the same store path without additions."""
    tags = {name.removeprefix("jupyter_utils."): value for name, value in original.tags.items()}
    base = [] if interpreter(original).is_recorded else _base(tags, original)
    return [*base, *_additions(original, tags)]


def _base(tags: Mapping[str, str], original: Original) -> Iterator[Finding]:
    here = built_environment()
    remedy = f"jupyter-utils environment build {original.id}"
    if not tags.get("store_path") and not tags.get("lock"):
        version = tags.get("python", "")
        if version and version != platform.python_version():
            reason = (
                f"the run was made with Python {version}, here is {platform.python_version()}; no more is known of it"
            )
            yield Finding(Status.APPROXIMATE, reason)
        else:
            yield Finding(Status.UNKNOWN, "the run was made in an environment that is none of this project's")
    elif here is None:
        yield Finding(Status.APPROXIMATE, "this Python is no environment of this project", remedy)
    elif is_buildable(original):
        reason = "the recorded one is not on this machine: it is built from the run's recipe first"
        yield Finding(Status.UNKNOWN, reason, f"{remedy} does that, too")
    else:
        parts = {"lock": here.lock, "base": here.base, "variant": here.variant, "system": here.system}
        other = [name for name, value in parts.items() if tags.get(name) != value]
        words = f"another {', '.join(other)}" if other else "the same lock and system, at another store path"
        yield Finding(Status.APPROXIMATE, f"the present one stands in for the recorded one: {words}", remedy)


def _additions(original: Original, tags: Mapping[str, str]) -> Iterator[Finding]:
    if original.own(OVERLAY):
        if tags.get("overlay.inexact"):
            reason = f"packages that %pip had added, and nobody knows from where: {tags['overlay.inexact'][:300]}"
            yield Finding(Status.APPROXIMATE, reason)
    elif tags.get("overlay"):
        yield Finding(
            Status.APPROXIMATE,
            f"packages that %pip had added: {tags['overlay'][:300]}",
            "%pip install them here before, in these versions",
        )
    if tags.get("added"):
        yield Finding(Status.APPROXIMATE, f"the shell had added code of its own: {tags['added'][:300]}")


def machine_findings(original: Original) -> list[Finding]:
    """Say what of the machine is not what it was, as far as it decides what a computation gives."""
    before = original.record("machine.json")
    if not before:
        return [Finding(Status.UNKNOWN, "the run does not say on which machine it was made")]
    return list(_machine(before, conditions()))


def _machine(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _gpus(before, now)
    for name, words in (("model", "processor"), ("instructions", "instructions of the processor"), ("usable", "cores")):
        one, other = (_of(found, "processor").get(name) for found in (before, now))
        if one is not None and one != other:
            yield Finding(Status.APPROXIMATE, f"{words}: {_said(one)} then, {_said(other)} now")
    for name in ("machine", "libc"):
        one, other = (_of(found, "system").get(name) for found in (before, now))
        if one and one != other:
            yield Finding(Status.APPROXIMATE, f"{name}: {one} then, {other} now")


def _gpus(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Finding]:
    then, here = ([str(gpu.get("name")) for gpu in found.get("gpus") or []] for found in (before, now))
    # Where torch was not loaded, or was one for CPUs, the GPUs had no part in it.
    used = bool((before.get("torch") or {}).get("cuda"))
    if used and then and then != here:
        shown = ", ".join(here) or "none"
        remedy = "run it on such a machine" if not here else ""
        yield Finding(Status.APPROXIMATE, f"GPUs: {', '.join(then)} then, {shown} now", remedy)


def _of(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = found.get(name)
    return part if isinstance(part, dict) else {}


def _said(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def computing_variables(original: Original) -> dict[str, str]:
    """Return the variables that decided how the run computed, such as the number of threads."""
    found = original.record("machine.json").get("variables")
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}
