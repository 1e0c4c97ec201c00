"""The values of two runs: by digest first, and where these differ by what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.lookup import kind_named
from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.artifacts.names import name_problem
from jupyter_utils.artifacts.registry import SIDECAR, Format, NotTrustedError
from jupyter_utils.errors import JupyterUtilsError
from jupyter_utils.machine.sizes import size
from jupyter_utils.machine.urls import said

from .comparison import Detail, Grid, Row, Section, section, short
from .found import Found
from .holders import MOST_FILES
from .looking import compare_values, digest_alone, look_into, why_too_large
from .sides import within
from .verdict import Verdict, worst

if TYPE_CHECKING:
    from .sides import Side
    from .tolerance import Tolerance, Tolerances

_MOST_FILES = 50
"""Files of a folder that are looked into."""
# Looked into by their files: their readers build models, or give back a path.
_BY_FILES = ("pathlib.Path", "transformers", "peft", "datasets", "copy", "lightgbm text", "bytes", "text")


def compare_artifacts(a: Side, b: Side, tolerances: Tolerances) -> Section:
    """Compare each value that one of them has, below `dataset/`, `model/`, `result/`, or wherever it was logged."""
    rows = [compare_artifact(name, a, b, tolerances.of(name)) for name in names(a, b)]
    return section("artifacts", rows, too_many(a, b))


def too_many(*sides: Side) -> tuple[str, ...]:
    """Say that not all files of a run were looked for."""
    if all(len(side.sizes) < MOST_FILES for side in sides):
        return ()
    return (f"a run has {MOST_FILES:,} files or more: beyond these only those that save_mlflow stored are compared",)


def names(*sides: Side) -> list[str]:
    """Return the artifacts that any of them has: what the manifest names, and other files one by one."""
    named = {one["path"] for side in sides for one in side.manifest["artifacts"]}
    files = {path for side in sides for path in side.sizes if not path.startswith(f"{OWN_FOLDER}/")}
    return sorted(named | {path for path in files if not any(within(path, name) for name in _above(path, named))})


def _above(path: str, named: set[str]) -> list[str]:
    parts = path.split("/")
    return [above for count in range(1, len(parts) + 1) if (above := "/".join(parts[:count])) in named]


def compare_artifact(name: str, a: Side, b: Side, tolerance: Tolerance | None) -> Row:
    """Compare one artifact; what cannot be read counts as different, and says why."""
    stored = [_stored(one, name) for one in (a, b)]
    files = [files_of(one, name) for one in (a, b)]
    shown = [_shown(found, one, side) for found, one, side in zip(stored, files, (a, b), strict=True)]
    for at, only in ((0, "only in B"), (1, "only in A")):
        if not files[at] and not stored[at]:
            return Row(name, Verdict.DIFFERS, shown[0], shown[1], note=_joined(only, _failed((a, b)[at], name)))
    try:
        found = _found(name, (a, b), stored, tolerance)
    except (JupyterUtilsError, OSError) as error:
        known = all(digest for one in files for digest in one.values())
        found = Found(Verdict.DIFFERS if known else Verdict.UNKNOWN, f"cannot be looked into: {said(error)}")
    note = f"within {tolerance}" if found.verdict is Verdict.APPROXIMATE else ""
    return Row(name, found.verdict, shown[0], shown[1], found.said, note, found.details)


def _joined(*words: str) -> str:
    return "; ".join(word for word in words if word)


def _stored(side: Side, name: str) -> dict[str, Any] | None:
    return next((one for one in side.manifest["artifacts"] if one["path"] == name), None)


def files_of(side: Side, name: str) -> dict[str, str]:
    """Return the files of an artifact, by their paths below it, with their digests; empty where these are unknown."""
    known = {path: one.sha256 for path, one in side.files.items() if within(path, name)}
    known |= {path: "" for path in side.sizes if within(path, name) and path not in known}
    return {path.removeprefix(name).lstrip("/"): digest for path, digest in sorted(known.items())}


def _shown(stored: dict[str, Any] | None, files: dict[str, str], side: Side) -> str:
    if not files:
        return stored["type"] if stored else ""
    digest = next(iter(files.values())) if len(files) == 1 else ""
    kind = short(str(stored["type"]), 60) if stored else ""
    count = f"{len(files)} files" if len(files) > 1 else ""
    bytes_ = sum(one.size for path, one in side.files.items() if stored and within(path, stored["path"]))
    return ", ".join(filter(None, (kind, count, size(bytes_) if bytes_ else "", digest[:12])))


def _failed(side: Side, name: str) -> str:
    for one in side.manifest.get("failed", []):
        if name in {one["key"], f"{one['section']}/{one['key']}"}:
            return f"it could not be saved there: {short(str(one['reason']), 200)}"
    return ""


def _found(
    name: str,
    sides: tuple[Side, Side],
    stored: list[dict[str, Any] | None],
    tolerance: Tolerance | None,
) -> Found:
    digests = [digests_of(side, name) for side in sides]
    sidecars = [_sidecar(side, one) for side, one in zip(sides, stored, strict=True)]
    if digests[0] == digests[1] and sidecars[0] == sidecars[1]:
        return Found(Verdict.SAME, "")
    read = _reader(stored)
    if isinstance(read, Found):
        return read
    if read is not None:
        values = [_value(side, one, read) for side, one in zip(sides, stored, strict=True)]
        failed = next((one for one in values if isinstance(one, Found)), None)
        return failed or compare_values(values[0], values[1], tolerance)
    paths = [side.bring(name) for side in sides]
    if all(list(one) == [""] for one in digests):
        return look_into(paths[0], paths[1], tolerance)
    return _folders(paths, digests, tolerance)


def digests_of(side: Side, name: str) -> dict[str, str]:
    """Return the digests of an artifact's files by their paths below it; those that no manifest knows are computed."""
    files = files_of(side, name)
    return {path: digest or side.digest(f"{name}/{path}".rstrip("/")) for path, digest in files.items()}


def _sidecar(side: Side, stored: dict[str, Any] | None) -> str:
    path = (stored or {}).get("details", {}).get(SIDECAR)
    return side.files[path].sha256 if path in side.files else ""


def _reader(stored: list[dict[str, Any] | None]) -> Format | Found | None:
    """Return the format that both are written in, if it is to be read as a value; what is known without; or None."""
    one, other = stored
    if one is None or other is None or (one["kind"], one["format"]) != (other["kind"], other["format"]):
        return None
    if one["kind"] in _BY_FILES or one["format"] in _BY_FILES:
        return None
    kind = kind_named(one["kind"])
    form = next((form for form in kind.formats if form.name == one["format"]), None) if kind else None
    if form is None or form.read is None or not form.read.__module__.startswith("jupyter_utils.artifacts."):
        return None
    if form.code:
        return digest_alone(f"{form.name} runs what is written in it (equal values may have other bytes)")
    return None if "figure" in one["kind"] or "image" in one["kind"] else form


def _value(side: Side, stored: dict[str, Any] | None, form: Format) -> Any:
    """Read a value as `load_mlflow` does without trust; a Found says why it is not read."""
    assert stored is not None  # noqa: S101 - asked before
    assert form.read is not None  # noqa: S101 - asked before
    details = dict(stored["details"])
    if SIDECAR in details:
        if name_problem(details[SIDECAR]):
            return digest_alone("its manifest names a file that no run can have")
        details[SIDECAR] = side.bring(details[SIDECAR]).read_bytes()
    path = side.bring(stored["path"])
    if "torch" not in form.name and "safetensors" not in form.name and (too_large := why_too_large(path)):
        return digest_alone(too_large)
    try:
        return form.read(path, details)
    except NotTrustedError as error:
        return digest_alone(f"reading it could run code: {short(str(error), 200)}")
    except Exception as error:  # noqa: BLE001 - a file may hold anything
        return digest_alone(f"it cannot be read ({short(f'{type(error).__name__}: {said(error)}', 200)})")


def _folders(paths: list[Any], digests: list[dict[str, str]], tolerance: Tolerance | None) -> Found:
    """Compare the files of two folders."""
    every = sorted({*digests[0], *digests[1]})
    differing = [name for name in every if digests[0].get(name) != digests[1].get(name)]
    rows: list[tuple[str, ...]] = []
    found: list[Verdict] = []
    details: list[Detail] = []
    for name in differing[:_MOST_FILES]:
        if name not in digests[0] or name not in digests[1]:
            one = Found(Verdict.DIFFERS, f"only in {'A' if name in digests[0] else 'B'}")
        else:
            one = look_into(paths[0] / name, paths[1] / name, tolerance)
        rows.append((short(name, 120), one.verdict.value, one.said))
        details += list(one.details)[:1] if len(details) < 5 else []  # noqa: PLR2004 - enough to see
        found.append(one.verdict)
    found += [Verdict.DIFFERS] if len(differing) > _MOST_FILES else []
    grid = Grid(("file", "", ""), tuple(rows), "the files that differ")
    return Found(worst(found), f"{len(differing)} of {len(every)} files differ", (grid, *details))
