"""The examples in the package's docstrings are right."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import jupyter_utils
import pytest

ROOT = Path(jupyter_utils.__file__).parent
FILES = [file for file in sorted(ROOT.rglob("*.py")) if ">>> " in file.read_text(encoding="utf-8")]
MODULES = [".".join(file.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__") for file in FILES]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """What follows `>>>` shows what the docstring says."""
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted
    assert not result.failed
