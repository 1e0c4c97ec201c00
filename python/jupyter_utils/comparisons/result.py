"""What `compare` returns."""

from __future__ import annotations

from dataclasses import dataclass

from .comparison import Compared
from .report import as_json, card, page
from .terminal import table


@dataclass(frozen=True, repr=False)
class Comparison(Compared):
    """Two runs, compared: in a notebook it shows itself as a card, elsewhere as a table.

    `verdict` is "same", "approximate", "differs" or "unknown"; `comparison["metrics"]` is one of the `sections`.
    """

    def to_json(self) -> str:
        """Return all of it as JSON, for programs."""
        return as_json(self)

    def to_html(self) -> str:
        """Return all of it as one page of HTML, which needs no network and no script."""
        return page(self)

    def _repr_html_(self) -> str:
        return card(self)

    def __repr__(self) -> str:
        return table(self)
