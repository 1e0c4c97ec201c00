"""`jupyter-utils runs`: the table of runs for a terminal, aligned, or as CSV."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pandas as pd

from jupyter_utils.machine.plain_text import columns, plain

from .cells import shown_cells
from .listed import listed

if TYPE_CHECKING:
    from .table import RunTable


def run(experiment: str | None, notebook: Path | None, limit: int, *, csv: bool) -> None:
    """Print the runs; what is not among them, on the other stream.

    Args:
        experiment: an experiment's name; None for all.
        notebook: a notebook's file, which need not be there; None for all.
        limit: how many runs at most.
        csv: all columns, as CSV.

    Raises:
        JupyterUtilsError: as `jupyter_utils.runs` does.
    """
    path = os.path.normpath(Path(notebook).expanduser().absolute()) if notebook else None
    table, told = listed(experiment, path, limit)
    for words in told:
        click.secho(words, fg="yellow", err=True)
    if csv:
        click.echo(table.to_csv(index=False), nl=False)
    elif table.empty:
        click.echo(_nothing(experiment, path, told), err=True)
    else:
        click.echo("\n".join(_lines(table)))


def _nothing(experiment: str | None, notebook: str | None, told: list[str]) -> str:
    """Say that the list is empty, and no more than is known: others may have runs, or nobody could be asked."""
    if told:
        return "Nothing else is known of runs here."
    if notebook:
        of = f" of {Path(notebook).name}" + (f" in {experiment}" if experiment else "")
        return f"There are no runs{of}: runs name it as {notebook}. Without --notebook all are listed."
    if experiment:
        return f"There are no runs in {experiment}."
    return "There are no runs yet: jupyter_utils.save_mlflow(...) in a notebook makes one."


def _lines(table: RunTable) -> list[str]:
    """Return the columns that people are shown, aligned; with what a terminal would obey taken out."""
    frame = pd.DataFrame(table)
    shown = shown_cells(frame)
    named = ["run", *(name if isinstance(name, str) and name.strip() else "" for name in frame["run_name"])]
    grid = [[plain(one) for one in (name, *row)] for name, row in zip(named, [shown.names, *shown.rows], strict=True)]
    widths = [max(columns(row[at]) for row in grid) for at in range(len(grid[0]))]
    return [
        "  ".join(cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in grid
    ]
