"""What a project adds meets in its lab: its own lock, and nixpkgs' packages by extraPackages."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from commands import ROOT, nix
from small_lab import beside, ours

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

# nixpkgs and poetry2nix cannot be had without GitHub. These stand-ins give back what nix/ hands to them.
POETRY2NIX = """
_: {
  overrides.withoutDefaults = overrides: overrides;
  mkPoetryApplication = application: {
    inherit (application) groups projectDir;
    python = {
      pkgs = {
        # A module, what a variant of the lock leaves out, and a program.
        six = { name = "nixpkgs' six"; pythonModule = "3.11"; };
        triton = null;
        graphviz.name = "graphviz-12";
        toPythonModule = module: module;
        hasPythonModule = value: (value.pythonModule or null) == "3.11";
      };
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
    further = map (package: package.name) (builtins.tail (builtins.tail environment.extraLibs));
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


def evaluated(tmp_path: Path, arguments: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "poetry2nix.nix").write_text(POETRY2NIX)
    expression = LAB.format(root=ROOT, poetry2nix=tmp_path / "poetry2nix.nix", arguments=arguments, others=OTHERS)
    return nix("eval", "--json", "--impure", "--expr", expression)


def lab(tmp_path: Path, arguments: str) -> dict[str, dict[str, object]]:
    """Return environment -> what it is made of."""
    result = evaluated(tmp_path, arguments)
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


def test_what_is_no_package_of_this_python_is_refused(tmp_path: Path) -> None:
    """An environment would leave it out without a word, and say of itself that it has it."""
    result = evaluated(tmp_path, "extraPackages = packages: [ packages.six packages.graphviz ];")
    assert result.returncode != 0
    assert "extraPackages: graphviz-12 is no package of python3.11" in result.stderr


def test_what_a_variant_leaves_out_is_left_out(tmp_path: Path) -> None:
    """What the lock has for CUDA alone is null on CPU: one list does for both."""
    found = lab(tmp_path, "extraPackages = packages: [ packages.triton packages.six ];")["environment"]
    assert found["further"] == ["nixpkgs' six"]
