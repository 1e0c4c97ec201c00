"""Whether a cell can have read a file before it imported this package."""

from __future__ import annotations

import pytest
from jupyter_utils.kernels.inputs.since import is_first


@pytest.mark.parametrize(
    ("source", "first"),
    [
        ("import jupyter_utils", True),
        ("'''words'''\nimport os, numpy\nfrom jupyter_utils import save_mlflow", True),
        ("get_ipython().run_line_magic('matplotlib', 'inline')\nimport jupyter_utils", True),
        ("import pandas\ndf = pandas.read_csv('x')\nimport jupyter_utils", False),
        ("get_ipython().system('cat x')\nimport jupyter_utils", False),
        ("import own_module_that_imports_it", False),
        ("", False),
        ("import jupyter_utils (", False),
    ],
)
def test_import_comes_first(source: str, first: bool) -> None:
    """Imports alone may come before it."""
    assert is_first(source) is first
