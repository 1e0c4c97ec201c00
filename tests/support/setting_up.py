"""The functions of ./quickstart, one at a time."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def copied(folder: Path) -> Path:
    """Copy what ./quickstart runs, in which nothing was built."""
    shutil.copytree(ROOT / "nix", folder / "nix")
    for name in ("quickstart", "check"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def setup(command: str, folder: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell with the functions of ./quickstart at hand."""
    return subprocess.run(
        ["bash", "-c", f"set -euo pipefail; . nix/setup/all.sh; {command}", "quickstart"],
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
