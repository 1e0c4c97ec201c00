"""The command `jupyter-utils compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.errors import CompareError, LoadError
from jupyter_utils.machine.writing import write_whole
from jupyter_utils.runs.sources import named_run

from .compare import compare
from .terminal import table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


_PRINT = "-"


def run(  # noqa: PLR0913, PLR0917 - what the command takes
    a: str, b: str, tolerance: Sequence[str], by: Sequence[str], html: str | None, json: str | None, steps: float
) -> tuple[str, int]:
    """Compare two runs and write what is asked for; return what is to be printed, and the exit code.

    Args:
        a: an id, or the folder of an entry.
        b: the same.
        tolerance: as `NAME=abs:X`.
        by: the sections that decide.
        html: a file for the page; "-": it is what is printed.
        json: a file for the JSON; the same.
        steps: for how many seconds steps are read.

    Raises:
        CompareError: they cannot be compared, or a file cannot be written.
    """
    found = compare(_run(a), _run(b), list(tolerance), by=by, steps_seconds=steps)
    printed = [text for text in (_written(html, found.to_html), _written(json, found.to_json)) if text]
    return "\n".join(printed) or table(found), found.exit_code


def _run(name: str) -> str | Path:
    """Return what a word of the command line means: the folder of an entry, or the id of a run."""
    if "/" in name and Path(name).is_dir():
        return Path(name)
    try:
        return named_run(name)
    except LoadError as error:
        raise CompareError(str(error)) from None


def _written(name: str | None, text: Callable[[], str]) -> str:
    """Write a text to a file; return it where it is to be printed."""
    if name is None:
        return ""
    if name == _PRINT:
        return text()
    try:
        write_whole(Path(name), text())
    except OSError as error:
        why = error.strerror or error
        raise CompareError(
            f"{name} cannot be written ({why}): is its folder there, and may you write there?"
        ) from error
    return ""
