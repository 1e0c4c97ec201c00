"""What users call: saving a run, loading it, listing runs, and what is on its way to MLflow.

`jupyter_utils.runs()` lists this notebook's runs, `jupyter_utils.runs("test_exp")` those of an experiment, as a table
with links: see `help(jupyter_utils.runs.listing.runs)`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .listing.table import RunTable


class _Listing(ModuleType):
    """This package, which can be called: as an attribute of `jupyter_utils` it hides the function of the same name."""

    def __call__(self, *arguments: Any, **named: Any) -> RunTable:
        """List runs as a table: see `jupyter_utils.runs.listing.runs`."""
        from .listing import runs

        return runs(*arguments, **named)


sys.modules[__name__].__class__ = _Listing
