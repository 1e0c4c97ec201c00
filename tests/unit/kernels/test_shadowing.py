"""Modules beside a notebook that hide a package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_utils.kernels.shadowing import Shadows

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_module_that_hides_a_package_is_named_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin of a notebook called after a package; not what is imported already, nor what hides nothing."""
    place = tmp_path / "site-packages"
    for name in ("hidden", "pytest"):
        (place / name).mkdir(parents=True)
        (place / name / "__init__.py").touch()
    folder = tmp_path / "notebooks"
    folder.mkdir()
    monkeypatch.chdir(folder)
    shadows = Shadows([str(place)])
    assert shadows.new() == []
    for name in ("hidden", "pytest", "mine"):
        (folder / f"{name}.py").touch()
    (said,) = shadows.new()
    assert said.startswith("hidden.py beside your notebook hides the package hidden")
    assert shadows.new() == []
