"""What the formatter, the linter and the type checker say is nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = ["--config", "python/pyproject.toml", "--no-cache"]
COMMANDS = {
    "format": ["ruff", "format", "--check", *CONFIG, "."],
    "lint": ["ruff", "check", *CONFIG, "."],
}
TYPED = {
    "python": ["jupyter_utils", "lock.py"],
    "nix/debian": ["fetch.py", "build.py", "fetching"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_python_is_clean(name: str) -> None:
    """Every Python file is formatted and has no finding."""
    result = subprocess.run([*COMMANDS[name]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-6000:]


@pytest.mark.parametrize("folder", TYPED)
def test_types_hold(folder: str) -> None:
    """The package and the fetch step pass `mypy --strict`."""
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(ROOT / "python" / "pyproject.toml")]
    command += ["--cache-dir", os.devnull, *TYPED[folder]]
    result = subprocess.run(command, cwd=ROOT / folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-6000:]
