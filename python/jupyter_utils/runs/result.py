"""What `save_mlflow` returns: a small object that shows itself as a card with links, or as text."""

from __future__ import annotations

import html
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_utils.errors import PartlySavedError

if TYPE_CHECKING:
    from pathlib import Path

DOOR_CLASS = "jupyter-utils-page"
"""Of links that our extension of the page leads through the door of the lab in which a notebook is open."""


@dataclass(frozen=True)
class SaveResult:
    """One saved run: stored in MLflow, or, where the server could not take it, complete on disk and sent later.

    `run_id` and `experiment_id` are MLflow's, None while the run waits; `url` is the run's page for a browser (None for
    a store without pages); `commit` is the commit that holds the notebook (None where there is none); `notebook` is its
    file (None in a plain script); `artifacts` are the paths of the user's values in MLflow; `warnings` say what is not
    as one might think; `entry` is the folder in which the run waits (None once it is stored); `spool` says what waits
    in all; `uri` is the server's address, without a password; `failed` names the values that the
    run does not hold, and why; `inputs` counts the files that were read, and names those outside of the repository;
    `path` is where the run's page is below the address of the lab, None outside of one.

    >>> SaveResult("abc", "1", "http://127.0.0.1:15000/#/experiments/1/runs/abc", None, None, ("dataset/a.csv",))
    Run abc is stored: http://127.0.0.1:15000/#/experiments/1/runs/abc
      artifacts: dataset/a.csv
    """

    run_id: str | None
    experiment_id: str | None
    url: str | None
    commit: str | None
    notebook: Path | None
    artifacts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    entry: Path | None = None
    spool: str | None = None
    uri: str | None = None
    failed: tuple[str, ...] = ()
    inputs: str | None = None
    path: str | None = None

    @property
    def is_stored(self) -> bool:
        """Whether MLflow holds the run."""
        return self.entry is None

    def __repr__(self) -> str:
        lines = [self._title() + (f": {self.url}" if self.url else "")]
        lines += [f"  {name}: {value}" for name, value in self._rows()]
        lines += [f"  NOT SAVED: {failed}" for failed in self.failed]
        lines += [f"  warning: {warning}" for warning in self.warnings]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        title = f"Run {html.escape(self.run_id or '')}" if self.is_stored else self._title()
        # A path holds at every address at which the lab is opened, and in a notebook that is stored tells none.
        if link := self.path or self.url:
            kind = f' class="{DOOR_CLASS}"' if self.path else ""
            title = f'<a{kind} href="{html.escape(link)}" target="_blank" rel="noopener">{title}</a>'
        rows = "".join(
            f'<tr><th style="text-align:left">{name}</th><td style="text-align:left">{html.escape(value)}</td></tr>'
            for name, value in self._rows()
        )
        warnings = "".join(f"<li>{html.escape(warning)}</li>" for warning in self.warnings)
        missing = "".join(f"<li>{html.escape(failed)}</li>" for failed in self.failed)
        lost = f'<ul class="jupyter-utils-failed">✗ not saved:{missing}</ul>' if missing else ""
        notes = f'<ul class="jupyter-utils-warnings">⚠{warnings}</ul>' if warnings else ""
        return (
            '<div class="jupyter-utils-run" style="border:1px solid #8888;border-radius:4px;padding:.5em 1em;'
            f'display:inline-block"><b>{self._sign()} {title}</b><table>{rows}</table>{lost}{notes}</div>'
        )

    def _sign(self) -> str:
        return "✗" if self.failed else "✓" if self.is_stored else "↻"

    def _title(self) -> str:
        return f"Run {self.run_id} is stored" if self.is_stored else "The run is saved on disk and will be sent later"

    def _rows(self) -> list[tuple[str, str]]:
        rows = [
            ("notebook", str(self.notebook) if self.notebook else ""),
            ("commit", self.commit or ""),
            ("waits in", str(self.entry) if self.entry else ""),
            ("artifacts", ", ".join(self.artifacts)),
            ("inputs", self.inputs or ""),
            ("waiting", self.spool or ""),
        ]
        return [(name, value) for name, value in rows if value]


def complete(result: SaveResult) -> SaveResult:
    """Return the result of a call that saved everything.

    Raises:
        PartlySavedError: it did not. In a notebook the card is shown before.
    """
    if not result.failed:
        return result
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        sys.modules["IPython"].display.display(result)
    count = f"{len(result.failed)} value{'s' * (len(result.failed) > 1)}"
    raise PartlySavedError(f"{count} could not be saved; everything else is.\n{result!r}", result)
