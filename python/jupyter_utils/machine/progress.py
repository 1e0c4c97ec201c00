"""Progress bars: the notebook's kind in a notebook, plain text elsewhere, none for what is over in a moment."""

from __future__ import annotations

import warnings
from typing import Any

# Most calls take less than this, and a bar that flashes helps nobody.
_DELAY_SECONDS = 0.7


def progress(description: str, total: int, *, unit: str = "it", in_bytes: bool = False) -> Any:
    """Return a tqdm bar that shows itself only when the work takes longer than a moment.

    >>> with progress("Writing", 2) as bar:
    ...     _ = bar.update(2)
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm's advice to install ipywidgets: the plain bar is fine
        from tqdm.auto import tqdm

    return tqdm(
        desc=description,
        total=total,
        unit="B" if in_bytes else unit,
        unit_scale=in_bytes,
        delay=_DELAY_SECONDS,
        leave=False,
    )
