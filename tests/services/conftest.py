"""Machines with the services installed, as the page says: `nix build .#debian.units`, then `units --install`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from machine import Machine, build_units, install, machine

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def units(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Build the units; their path in the store."""
    return build_units(tmp_path_factory.mktemp("units"))


@pytest.fixture(scope="session")
def installed(units: str) -> Iterator[Machine]:
    """Run a machine with both services of the system."""
    with machine() as running:
        install(running, units)
        yield running
