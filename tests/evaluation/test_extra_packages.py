"""What a project adds meets in its lab: its own lock, and nixpkgs' packages by extraPackages."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from commands import ROOT, nix
from small_lab import beside, ours

if TYPE_CHECKING:
    from pathlib import Path

# nixpkgs and poetry2nix cannot be had without GitHub. These stand-ins give back what nix/ hands to them.
POETRY2NIX = """
_: {
  overrides.withoutDefaults = overrides: overrides;
  mkPoetryApplication = application: {
    inherit (application) groups projectDir;
    python = {
      pkgs = { six = "nixpkgs' six"; toPythonModule = module: module; };
      buildEnv.override = arguments: { overrideAttrs = _: arguments; };
    };
  };
}
"""
LAB = """
let
  lab = import {root}/nix/nixpkgs {{
    pkgs = {{
      lib.trivial.release = "26.05";
      python311 = {{ libPrefix = "python3.11"; }};
      writeTextDir = _name: text: text;
    }};
    poetry2nix = {poetry2nix};
    {arguments}
  }};
  seen = environment: {{
    inherit (builtins.head environment.extraLibs) groups;
    lock = toString (builtins.head environment.extraLibs).projectDir;
    further = builtins.tail (builtins.tail environment.extraLibs);
  }};
in
builtins.mapAttrs (_name: seen) (removeAttrs lab.packages {others})
"""
OTHERS = '[ "default" "image" "image-gpu" "image-mlflow" "jupyter-utils" "lab" "lab-gpu" "mlflow" ]'
EXTRA = "extraPackages = packages: [ packages.six ];"


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """Make the folder that lock.py --project makes, as far as evaluation reads it."""
    (tmp_path / "pyproject.toml").write_text('[tool.poetry.dependencies]\nseqeval = "*"\n')
    lock = tmp_path / "lock"
    lock.mkdir()
    for name in ("poetry.lock", "files.json", "torch-cpu.json"):
        shutil.copy(ROOT / "python" / name, lock)
    (lock / "pyproject.toml").write_text(beside(tmp_path, ours(ROOT / "python")).wishes)
    return lock


def lab(tmp_path: Path, arguments: str) -> dict[str, dict[str, object]]:
    """Return environment -> what it is made of."""
    (tmp_path / "poetry2nix.nix").write_text(POETRY2NIX)
    expression = LAB.format(root=ROOT, poetry2nix=tmp_path / "poetry2nix.nix", arguments=arguments, others=OTHERS)
    result = nix("eval", "--json", "--impure", "--expr", expression)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_lock_and_extra_packages_together(tmp_path: Path, lock: Path) -> None:
    """MkLab { lock, extraPackages }: lab and shells have both, of CPU and CUDA; the MLflow server needs neither."""
    found = lab(tmp_path, f"lock = {lock}; {EXTRA}")
    groups = ["main", "lab", "ml", "mlflow"]
    for name, tests in (("environment", []), ("environment-all", ["test"])):
        for variant in ("", "-gpu"):
            assert found[name + variant] == {
                "lock": str(lock),
                "groups": [*groups, "project", *tests],
                "further": ["nixpkgs' six"],
            }, name
    assert found["environment-mlflow"] == {"lock": str(lock), "groups": ["main", "mlflow"], "further": []}


def test_extra_packages_alone(tmp_path: Path) -> None:
    """MkLab { extraPackages } needs no lock of the project's, and leaves the lab's as it is."""
    found = lab(tmp_path, EXTRA)["environment"]
    assert found["lock"] == str(ROOT / "python")
    assert found["groups"] == ["main", "lab", "ml", "mlflow"]
    assert found["further"] == ["nixpkgs' six"]
