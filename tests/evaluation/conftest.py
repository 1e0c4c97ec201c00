"""Tests of the Nix side drive the machine's own Nix, as ./quickstart leaves it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT

# The fetch step, which the tests call part by part.
sys.path.insert(0, str(ROOT / "nix" / "debian"))


@pytest.fixture(scope="session", autouse=True)
def _nix() -> None:
    if shutil.which("nix") is None:
        pytest.skip("no nix on the path; ./check puts it there")


@pytest.fixture(scope="session")
def library() -> str:
    """Find nixpkgs' lib."""
    if named := os.environ.get("NIXPKGS_LIB"):
        return str(Path(named).absolute())
    found = subprocess.run(
        ["nix-instantiate", "--eval", "--expr", "toString <nixpkgs/lib>"], capture_output=True, text=True, check=False
    )
    if found.returncode:
        pytest.skip(
            "nixpkgs' lib is not here: NIXPKGS_LIB=FOLDER names it (`nix flake check` evaluates with all of NixOS)"
        )
    return found.stdout.strip().strip('"')


@pytest.fixture(scope="session")
def poetry2nix() -> str:
    """Find the sources of poetry2nix."""
    if named := os.environ.get("POETRY2NIX"):
        return str(Path(named).absolute())
    pytest.skip("poetry2nix is not here: POETRY2NIX=FOLDER names a checkout of the revision in flake.lock")
