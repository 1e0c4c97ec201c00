"""The ids of runs: MLflow's, those of entries that wait, and the addresses of pages, which hold one."""

from __future__ import annotations

import re

ENTRY = re.compile(r"\d{15}-[0-9a-f]{16}")
"""The id of an entry."""
RUN_ID = re.compile(r"[0-9a-f]{32}")
"""MLflow's id of a run."""
_PAGE = re.compile(r"https?://\S+/runs/([0-9a-f]{32})(?:[/?#]\S*)?")
HINT = (
    "A run is named by the id on its page in MLflow, or by the page's address, in a terminal also by the id's first "
    "digits, four or more; one that waits by the id that `jupyter-utils sync --list` shows. `jupyter-utils runs` lists "
    "them."
)
"""For whoever names a run that is not there."""


def run_of_address(text: str) -> str | None:
    """Return the id of the run whose page in MLflow has this address; None where it is none.

    >>> run_of_address("http://127.0.0.1:15000/#/experiments/1/runs/" + "0a" * 16 + "?workflowType=machine_learning")
    '0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a'
    """
    found = _PAGE.fullmatch(text.strip())
    return found[1] if found else None
