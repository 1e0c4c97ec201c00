"""What `import jupyter_utils` brings, and what it does not."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "code",
    ["import jupyter_utils", "import jupyter_utils.cli", "import jupyter_utils.servers.lab"],
)
def test_nothing_heavy_is_imported_by_the_way(code: str) -> None:
    """`import jupyter_utils` in a notebook, and the console command, must not take seconds."""
    check = f"{code}; import sys; print(*{{'torch', 'transformers', 'mlflow', 'pandas', 'git'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_public_names_are_there() -> None:
    """Each name of `__all__` can be had, and an unknown one is an AttributeError."""
    import jupyter_utils

    assert jupyter_utils.JupyterUtilsError.__name__ == "JupyterUtilsError"
    assert set(jupyter_utils.__all__) <= set(dir(jupyter_utils))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = jupyter_utils.nothing


def test_results_that_were_pickled_by_an_earlier_release_are_read() -> None:
    """Modules have moved since 0.1.0, and a pickle names the module of its class."""
    pickled = (
        b"ccopy_reg\n_reconstructor\np0\n(cjupyter_utils.result\nSaveResult\np1\nc__builtin__\nobject\np2\nNtp3\nRp4\n"
        b"(dp5\nVrun_id\np6\nVabc\np7\nsVcommit\np8\nNsb."
    )
    code = f"import pickle; result = pickle.loads({pickled!r}); print(result.run_id, type(result).__module__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["abc", "jupyter_utils.runs.result"]
