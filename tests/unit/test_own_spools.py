"""No test, and nothing that tests share, saves into the spool of the user who runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import platformdirs
import pytest
from jupyter_utils.spool import own_spool

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def of_session() -> Path:
    return own_spool().path


@pytest.fixture(scope="module")
def of_module() -> Path:
    return own_spool().path


def test_every_scope_has_its_own(of_session: Path, of_module: Path, tmp_path: Path) -> None:
    """Else a port that comes again is known there as another store's, and the run waits."""
    places = {of_session, of_module, own_spool().path}
    assert len(places) == 3
    assert own_spool().path.is_relative_to(tmp_path)
    assert not [place for place in places if place.is_relative_to(platformdirs.user_state_path("jupyter-utils"))]
