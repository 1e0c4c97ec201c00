"""The table that `runs` returns: a DataFrame that shows its runs with links to their pages."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

import pandas as pd

from jupyter_utils.machine.sizes import counted
from jupyter_utils.runs.result import DOOR_CLASS

from .cells import Shown, shown_cells
from .rows import FINISHED, REFUSED, WAITING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NEEDED = ("run_name", "run_id", "experiment_id", "state")
_CELL = "text-align:left;white-space:nowrap"
_FEW = 12
EXPERIMENT, RUN = "EXPERIMENT-ID", "RUN-ID"
"""Stand for the ids in a page's address."""


@dataclass(frozen=True)
class Pages:
    """Where the runs' pages are.

    Attributes:
        address: that of one, with `EXPERIMENT` and `RUN` in their ids' places; empty where there are none.
        by_path: whether it is a path of the lab's door, which the page leads to the lab in which it is open.
    """

    address: str
    by_path: bool = False


class RunTable(pd.DataFrame):  # type: ignore[misc]  # pandas is not typed
    """Runs, a row each, as `jupyter_utils.runs` describes the columns; what pandas does with a DataFrame, it does.

    What is sorted, filtered or cut shows itself with links as long as the columns `run_name`, `run_id`,
    `experiment_id` and `state` are there.
    """

    _metadata: ClassVar[list[str]] = ["_pages", "_of"]  # what pandas hands on

    @property
    def _constructor(self) -> type[RunTable]:
        return RunTable

    def _repr_html_(self) -> str | None:
        pages = getattr(self, "_pages", None)
        if pages is None or self.columns.nlevels > 1 or not set(_NEEDED) <= set(self.columns):
            plain: str | None = super()._repr_html_()
            return plain
        most = pd.get_option("display.max_rows") or len(self)
        part = pd.DataFrame(self).head(most)
        shown = shown_cells(part)
        links = [_linked(pages, *run) for run in part[list(_NEEDED)].itertuples(index=False)]
        notes = [f"… {counted(len(self) - most, 'more run')}"] * (len(self) > most)
        if shown.hidden:
            names = ", ".join(shown.hidden[:_FEW]) + " …" * (len(shown.hidden) > _FEW)
            notes.append(f"not shown: {names}")
        return _page(self._heading(), shown, links, notes)

    def _heading(self) -> str:
        waits = int(self["state"].isin([WAITING, REFUSED]).sum())
        more = f"; not in MLflow yet: {waits} (jupyter-utils sync)" if waits else ""
        return f"{counted(len(self), 'run')}{getattr(self, '_of', '')}{more}"


def run_table(frame: pd.DataFrame, *, pages: Pages, of: str) -> RunTable:
    """Return a frame of runs as the table.

    Args:
        frame: with the columns that `run_rows.frame` gives.
        pages: where the runs' pages are.
        of: whose runs these are, as words after their number.
    """
    table = RunTable(frame)
    object.__setattr__(table, "_pages", pages)
    object.__setattr__(table, "_of", of)
    return table


def _linked(pages: Pages, name: Any, run_id: Any, experiment_id: Any, state: Any) -> str:
    text = html.escape(name if isinstance(name, str) and name.strip() else str(run_id))
    link = text
    if pages.address and isinstance(experiment_id, str) and isinstance(run_id, str):
        url = html.escape(pages.address.replace(EXPERIMENT, quote(experiment_id)).replace(RUN, quote(run_id)))
        kind = f' class="{DOOR_CLASS}"' if pages.by_path else ""
        link = f'<a{kind} href="{url}" target="_blank" rel="noopener">{text}</a>'
    return f"{'' if state == FINISHED else '↻ ' if state in {WAITING, REFUSED} else '✗ '}{link}"


def _page(heading: str, shown: Shown, links: Sequence[str], notes: Sequence[str]) -> str:
    head = "".join(f'<th style="{_CELL}">{html.escape(name)}</th>' for name in ("run", *shown.names))
    body = "".join(
        f'<tr><td style="{_CELL}">{link}</td>'
        + "".join(f'<td style="{_CELL}">{html.escape(cell)}</td>' for cell in row)
        + "</tr>"
        for link, row in zip(links, shown.rows, strict=True)
    )
    below = "".join(f"<div>{html.escape(note)}</div>" for note in notes)
    return (
        f'<div class="jupyter-utils-runs"><div><b>{html.escape(heading)}</b></div>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}</div>"
    )
