"""A kernel is the first to go when memory runs out: its notebook is on disk, and the lab beside it stays."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

# Added to a process's share of memory in thousandths (proc(5), oom_score_adj); anybody may raise it.
_SCORE = "500"


def load_ipython_extension(_shell: InteractiveShell) -> None:
    """Offer this process to the system's OOM killer; called in every kernel of the lab."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_SCORE, encoding="ascii")
