"""Tests against the real Docker engine, with the images that this checkout builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import containers
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _with_images(images: None) -> None:
    """Every test here needs them."""


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[containers.Stack]:
    """Run the compose project for a user whose number nobody else has."""
    folder = tmp_path_factory.mktemp("compose") / "copied elsewhere"
    with containers.stack(folder, CONTAINER_UID="4321", CONTAINER_GID="4322") as made:
        yield made
