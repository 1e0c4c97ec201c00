"""What is compiled at run time loads in the environment's Python, also where the machine has no compiler."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """
#include <Python.h>
#include <numeric>
#include <omp.h>
#include <vector>
extern "C" long total(int n) {
    std::vector<long> values(n);
    #pragma omp parallel for
    for (int i = 0; i < n; i++) values[i] = i;
    return PY_MAJOR_VERSION * std::accumulate(values.begin(), values.end(), 0L);
}
"""
COMPILED = """
import torch
def function(x, y):
    return torch.nn.functional.gelu(x @ y).sin() + y.mean(0)
x, y = torch.randn(8, 8), torch.randn(8, 8)
torch.testing.assert_close(torch.compile(function)(x, y), function(x, y))
"""


@pytest.fixture
def alone(tmp_path: Path) -> dict[str, str]:
    """Return the variables of a program of ours where the machine itself has no program at all."""
    tools = [folder for folder in os.environ["PATH"].split(":") if folder.endswith("-tools/bin")]
    if "CXX" not in os.environ or not tools:
        pytest.skip("not started by one of this project's programs, which name the compiler")
    kept = {name: os.environ[name] for name in ("CC", "CXX")}
    return {**kept, "PATH": tools[-1], "HOME": str(tmp_path), "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "compiled")}


def test_extensions_are_compiled_and_load(alone: dict[str, str], tmp_path: Path) -> None:
    """C++ with Python's headers, the C++ library and OpenMP becomes a library that this Python loads."""
    (tmp_path / "total.cpp").write_text(SOURCE)
    code = "import sysconfig; print(sysconfig.get_path('include'))"
    include = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    command = [alone["CXX"], "-shared", "-fPIC", "-fopenmp", f"-I{include}", "total.cpp", "-o", "total.so"]
    done = subprocess.run(command, cwd=tmp_path, env=alone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    code = "import ctypes; print(ctypes.CDLL('./total.so').total(5))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=alone, capture_output=True, check=True)
    assert shown.stdout.strip() == b"30"


@pytest.mark.full
def test_torch_compiles(alone: dict[str, str], tmp_path: Path) -> None:
    """torch.compile gives the values that torch gives, on the CPU."""
    command = [sys.executable, "-W", "error::UserWarning", "-c", COMPILED]
    done = subprocess.run(command, cwd=tmp_path, env=alone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_terminals_have_tools(alone: dict[str, str]) -> None:
    """Editors, pagers, fetchers: they start, whatever the machine has."""
    for command in ("vim --version", "less --version", "tmux -V", "htop --version", "curl --version", "unzip -v"):
        done = subprocess.run(["/bin/sh", "-c", command], env=alone, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    done = subprocess.run(["/bin/sh", "-c", "wget --version"], env=alone, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("GNU Wget")
