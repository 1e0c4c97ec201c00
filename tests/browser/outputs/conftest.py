"""A notebook that is opened, left and opened again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1] / "save"))

from desk import Desk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import Started


@pytest.fixture
def desk(chromium: Any, lab: Started) -> Iterator[Desk]:
    """Give a notebook's place in a lab, and a browser."""
    made = Desk(chromium, lab)
    yield made
    made.go.touch()
    for page in made.pages:
        if not page.is_closed():
            page.close()
