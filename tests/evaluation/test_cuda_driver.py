"""The nixpkgs base's torch finds the CUDA driver by nix/cuda_driver.py, without LD_LIBRARY_PATH."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT

MODULE = ROOT / "nix" / "cuda_driver.py"
FOLDERS = ROOT / "nix" / "driver-folders.json"
# What cudart, cuBLAS, cuDNN and NCCL do: ask for the driver by its bare name.
BY_NAME = "import ctypes; ctypes.CDLL('libcuda.so.1'); print('by name')"
TOLD = "import os; print(os.environ.get('TRITON_LIBCUDA_PATH'), os.environ.get('LD_LIBRARY_PATH'))"


def library(path: Path) -> None:
    """Build a shared library that has nothing but its name, which is all that a loader asks for."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler on this machine to build a stand-in for the driver with")
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [compiler, "-shared", "-nostdlib", f"-Wl,-soname,{path.name}", "-x", "c", "/dev/null", "-o", str(path)]
    subprocess.run(command, check=True)


def run(folder: Path, folders: list[Path], code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, beside a copy of the module that looks into `folders`."""
    shutil.copyfile(MODULE, folder / "cuda_driver.py")
    (folder / "driver-folders.json").write_text(json.dumps([str(path) for path in folders]))
    env = {name: value for name, value in os.environ.items() if name not in {"LD_LIBRARY_PATH", "TRITON_LIBCUDA_PATH"}}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_driver_is_found_by_name_once_loaded(tmp_path: Path) -> None:
    """The first folder that has a driver serves, Triton is told of it, and no library path is set."""
    missing, there = tmp_path / "missing", tmp_path / "there"
    library(there / "libcuda.so.1")
    library(there / "libdxcore.so")
    without = run(tmp_path, [missing, there], BY_NAME)
    assert without.returncode != 0
    result = run(tmp_path, [missing, there], f"import cuda_driver; {BY_NAME}; ctypes.CDLL('libdxcore.so'); {TOLD}")
    assert result.stdout.splitlines() == ["by name", f"{there} None"], result.stderr


def test_folder_with_a_broken_driver_is_passed_over(tmp_path: Path) -> None:
    """A driver that does not load, as one of another architecture, does not keep the next from being tried."""
    broken, there = tmp_path / "broken", tmp_path / "there"
    library(there / "libcuda.so.1")
    broken.mkdir()
    (broken / "libcuda.so.1").write_text("no library")
    result = run(tmp_path, [broken, there], f"import cuda_driver; {BY_NAME}; {TOLD}")
    assert result.stdout.splitlines() == ["by name", f"{there} None"], result.stderr


def test_machine_without_a_driver_is_left_alone(tmp_path: Path) -> None:
    """Where there is no driver, nothing is said, set or raised: torch itself says that there is no GPU."""
    result = run(tmp_path, [tmp_path / "missing"], f"import cuda_driver; {TOLD}")
    assert (result.stdout, result.stderr) == ("None None\n", "")


def test_torch_of_the_lock_takes_it_first(tmp_path: Path) -> None:
    """The patch fits the release of torch in the lock: the driver is loaded before anything else is imported."""
    start = Path(str(importlib.util.find_spec("torch").origin))
    torch = tmp_path / "torch"
    torch.mkdir()
    shutil.copyfile(start, torch / "__init__.py")
    command = [sys.executable, str(ROOT / "nix" / "patch_torch.py"), str(tmp_path), str(ROOT / "nix")]
    subprocess.run(command, check=True)
    lines = (torch / "__init__.py").read_text().splitlines()
    imports = [line for line in lines if line.startswith(("import ", "from "))]
    assert imports[:2] == ["import torch._cuda_driver", "import builtins"]
    assert (torch / "_cuda_driver.py").read_text() == MODULE.read_text()
    assert json.loads((torch / "driver-folders.json").read_text()) == json.loads(FOLDERS.read_text())


def test_folders_are_those_of_nixos_wsl_containers_and_distributions() -> None:
    """NixOS, WSL2, the container toolkit's and the distributions' own folders are all looked into."""
    expected = {"/run/opengl-driver/lib", "/usr/lib/wsl/lib", "/usr/local/nvidia/lib64", "/usr/lib64"}
    assert expected | {"/usr/lib/x86_64-linux-gnu"} == set(json.loads(FOLDERS.read_text()))
