"""Write the Jupytext twins of a notebook, where no JupyterLab has: they must not contradict it in a commit."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_utils.machine.writing import write_whole

from .content import normal
from .encodings import decoded
from .twin import expected_twins, is_paired_by_name, twin_formats

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_KEPT = ".kept"


@dataclass(frozen=True)
class Twins:
    """The twins that say what the notebook says, and what a user must know of the others."""

    files: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()


def write_twins(notebook: Path, is_safe: Callable[[Path], bool]) -> Twins:
    """Bring the twins up to the notebook as it is on disk, as saving it in JupyterLab would.

    A twin with other cells than the notebook's, which nothing else holds, is kept beside: `n.py.kept`. One that cannot
    be written is left as it is, and left out.

    Args:
        notebook: the notebook's file.
        is_safe: tells of a twin whether its present content can be had back elsewhere (it is committed).
    """
    if notebook.suffix != ".ipynb":
        return Twins()
    wanted = [twin for twin in expected_twins(notebook) if twin.exists() or is_paired_by_name(notebook)]
    if not wanted:
        return Twins()
    files, warnings = [], []
    for twin in wanted:
        try:
            said = _write(notebook, twin, is_safe)
        except Exception as error:  # noqa: BLE001 - of a foreign library: a twin must not cost the run
            reason = str(error).strip() or type(error).__name__
            warnings.append(f"{twin.name} could not be written from {notebook.name} and is not in the commit: {reason}")
            continue
        files.append(twin)
        warnings += [said] if said else []
    return Twins(tuple(files), tuple(warnings))


def _write(notebook: Path, twin: Path, is_safe: Callable[[Path], bool]) -> str | None:
    import jupytext
    import nbformat

    formats, config = twin_formats(notebook)
    fmt = formats.get(twin) or {"extension": twin.suffix}
    present = _read(twin)
    if present is not None and twin not in formats:
        # Paired by its own word alone, which says in which format it is.
        told = jupytext.reads(present, fmt=fmt).metadata.get("jupytext", {}).get("text_representation", {})
        fmt |= {name: told[name] for name in ("extension", "format_name") if name in told}
    cells = nbformat.reads(notebook.read_text(encoding="utf-8"), as_version=4)  # type: ignore[no-untyped-call]
    text = jupytext.writes(cells, fmt=fmt, config=config)
    had = _cells(present, fmt) if present is not None else None
    if had == _cells(text, fmt):
        return None
    kept = _keep(twin) if any(source for _, source in had or ()) and not is_safe(twin) else None
    twin.parent.mkdir(parents=True, exist_ok=True)
    mode = twin.stat().st_mode & 0o777 if present is not None else None
    write_whole(twin.resolve(), text, mode=mode)
    if kept is None:
        return None
    return f"{twin.name} had other cells than {notebook.name}, from which it is written now; it is kept as {kept.name}."


def _read(twin: Path) -> str | None:
    if not twin.exists():
        return None
    try:
        return decoded(twin.read_bytes())
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 ({error.reason}); save it as UTF-8, or remove it.") from error


def _cells(text: str, fmt: dict[str, Any]) -> list[tuple[str, str]]:
    import jupytext

    with suppress(Exception):  # what Jupytext does not read is no notebook, and equals none
        return [(cell.cell_type, normal(cell.source)) for cell in jupytext.reads(text, fmt=fmt).cells]
    return [("unreadable", text.strip())]


def _keep(twin: Path) -> Path:
    number, kept = 1, twin.with_name(twin.name + _KEPT)
    while kept.exists():
        number += 1
        kept = twin.with_name(f"{twin.name}{_KEPT}-{number}")
    shutil.copy2(twin, kept)
    return kept
