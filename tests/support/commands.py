"""Commands of Nix in this repository."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
OPTIONS = ["--extra-experimental-features", "nix-command flakes", "--option", "substituters", ""]


def nix(*words: str, nix_path: str = "nix", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of Nix in the repository."""
    env = {**os.environ, **environment}
    return subprocess.run([nix_path, *OPTIONS, *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def built(output: str, link: Path) -> Path:
    """Build an output of the debian base, which `link` keeps from the garbage collector; its path in the store."""
    result = nix("build", "-f", "nix/debian", output, "--out-link", str(link))
    assert result.returncode == 0, result.stderr
    return link.resolve()


def evaluated(*words: str) -> str:
    """Return the value that `nix eval` prints."""
    result = nix("eval", "--raw", *words)
    assert result.returncode == 0, result.stderr
    return result.stdout
