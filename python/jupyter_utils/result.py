"""What `save_mlflow` returns: a small object that shows itself as a card with links, or as text."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class SaveResult:
    """One stored run.

    `run_id` and `experiment_id` are MLflow's; `url` is the run's page for a browser (None for a store without pages);
    `commit` is the commit that holds the notebook (None where there is none); `notebook` is its file (None in a plain
    script); `artifacts` are the paths of the user's values in MLflow; `warnings` say what is not as one might think.

    >>> SaveResult("abc", "1", "http://127.0.0.1:15000/#/experiments/1/runs/abc", None, None, ("dataset/a.csv",))
    Run abc is stored: http://127.0.0.1:15000/#/experiments/1/runs/abc
      artifacts: dataset/a.csv
    """

    run_id: str
    experiment_id: str
    url: str | None
    commit: str | None
    notebook: Path | None
    artifacts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        lines = [f"Run {self.run_id} is stored" + (f": {self.url}" if self.url else "")]
        lines += [f"  {name}: {value}" for name, value in self._rows()]
        lines += [f"  warning: {warning}" for warning in self.warnings]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        title = f"Run {html.escape(self.run_id)}"
        if self.url:
            title = f'<a href="{html.escape(self.url)}" target="_blank" rel="noopener">{title}</a>'
        rows = "".join(
            f'<tr><th style="text-align:left">{name}</th><td style="text-align:left">{html.escape(value)}</td></tr>'
            for name, value in self._rows()
        )
        warnings = "".join(f"<li>{html.escape(warning)}</li>" for warning in self.warnings)
        notes = f'<ul class="jupyter-utils-warnings">⚠{warnings}</ul>' if warnings else ""
        return (
            '<div class="jupyter-utils-run" style="border:1px solid #8888;border-radius:4px;padding:.5em 1em;'
            f'display:inline-block"><b>✓ {title}</b><table>{rows}</table>{notes}</div>'
        )

    def _rows(self) -> list[tuple[str, str]]:
        rows = [
            ("notebook", str(self.notebook) if self.notebook else ""),
            ("commit", self.commit or ""),
            ("artifacts", ", ".join(self.artifacts)),
        ]
        return [(name, value) for name, value in rows if value]
