"""The built environment is whole, its own, and the one that the lock names."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

RECORD = Path(sys.base_prefix, "share", "jupyter-utils", "environment.json")
SAID = json.loads(RECORD.read_text()) if RECORD.exists() else {}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def _record() -> None:
    """Fail where there is none: a check that skipped itself would say that any environment is whole."""
    assert RECORD.exists(), f"{RECORD} is missing: this is not the built environment's Python (./check runs that)"


IMPORTS = """
import accelerate, datasets, fugashi, git, ipadic, ipywidgets, jupyter_resource_usage, jupyterlab, jupyterlab_git
import humanize, jupytext, openpyxl, papermill
import lightgbm, matplotlib.pyplot, mlflow, pandas, prometheus_flask_exporter, psycopg, pyarrow, sentencepiece, sklearn
import boto3, sudachidict_core, sudachipy, tokenizers, torch, transformers, unidic_lite, ipylab, sqlite3, ssl, lzma, bz2
torch.randn(64, 64) @ torch.randn(64, 64)
mapped = {line.split()[-1] for line in open("/proc/self/maps") if ".so" in line}
print(*sorted(path for path in mapped if not path.startswith("/nix/store/")), sep="\\n")
"""


def test_everything_imports_and_nothing_of_the_machine_is_loaded(tmp_path: Path) -> None:
    """All groups import, from any directory, and every library in the process is the environment's own."""
    env = {**os.environ, "HOME": str(tmp_path), "MPLBACKEND": "agg"}
    result = subprocess.run(
        [sys.executable, "-c", IMPORTS], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == []


def test_versions_are_those_of_the_lock() -> None:
    """What is installed is what the lock lists, package by package, and jupyter-utils."""
    files = json.loads((ROOT / "python" / "files.json").read_text())
    torch_cpu = json.loads((ROOT / "python" / "torch-cpu.json").read_text()) | {"groups": ["ml"]}
    rows = files["common"] + (files["cuda"] if SAID["variant"] == "cuda" else [torch_cpu])
    locked = {row["name"]: row["version"] for row in rows if set(row["groups"]) & set(SAID["groups"])}
    packages = {"debian": "dist-packages", "nixpkgs": "site-packages"}[SAID["base"]]
    site = str(Path(sys.base_prefix, "lib", "python3.11", packages))
    installed = {
        canonicalize_name(distribution.name): distribution.version
        for distribution in importlib.metadata.distributions(path=[site])
    }
    del installed["jupyter-utils"]
    if SAID["base"] == "nixpkgs":
        # nixpkgs builds its own build tools; poetry2nix hands them on.
        del installed["setuptools"], locked["setuptools"]
    assert installed == locked


def test_record_names_base_and_lock() -> None:
    """A run can say which lock and which system it was made with: a hash of Debian's, or a release of nixpkgs."""
    assert SAID["lock"] == json.loads((ROOT / "python" / "files.json").read_text())["lock"]
    system = {"debian": r"\w{32}-debian-bookworm", "nixpkgs": r"\d\d\.\d\d.*|unknown"}[SAID["base"]]
    assert re.fullmatch(system, SAID["system"])


def test_home_folder_is_no_part_of_the_environment(tmp_path: Path) -> None:
    """A package that the user once installed into the home folder shadows nothing."""
    user = tmp_path / ".local" / "lib" / "python3.11" / "site-packages"
    user.mkdir(parents=True)
    (user / "pandas.py").write_text("raise SystemExit('the home folder came first')")
    command = [sys.executable, "-c", "import sys, pandas; print(pandas.__version__)"]
    subprocess.run(command, env={**os.environ, "HOME": str(tmp_path)}, check=True, capture_output=True)


def test_python3_kernel_is_this_interpreter(tmp_path: Path) -> None:
    """The kernel called python3 runs the environment's Python, from any directory."""
    notebook = tmp_path / "where.ipynb"
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "execution_count": None, "outputs": []}
    cell["source"] = "import sys; print(sys.prefix)"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook.write_text(json.dumps({"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    command = [sys.executable, "-m", "jupyter", "execute", "--inplace", str(notebook)]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (output,) = json.loads(notebook.read_text())["cells"][0]["outputs"]
    assert "".join(output["text"]).strip() == sys.prefix


def test_own_git_works_where_the_machine_has_none(tmp_path: Path) -> None:
    """The Git that comes along commits and clones with an empty path otherwise."""
    folders = [folder for folder in os.environ["PATH"].split(":") if re.fullmatch(r"/nix/store/\w+-tools/bin", folder)]
    if not folders:
        pytest.skip("not started by one of this project's programs, which bring the Git along")
    tools = folders[-1]
    env = {"PATH": tools, "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=tmp_path, env=env, check=True, capture_output=True, text=True).stdout

    git("init", "-q", "first")
    identity = ("-c", "user.name=花子", "-c", "user.email=hanako@example.org")
    git("-C", "first", *identity, "commit", "-q", "--allow-empty", "-m", "はじめ")
    git("clone", "-q", f"file://{tmp_path}/first", "second")
    assert git("-C", "second", "log", "--format=%an %s").strip() == "花子 はじめ"
    assert "usage: ssh" in subprocess.run(["ssh"], env=env, capture_output=True, text=True, check=False).stderr


def test_figures_show_japanese(tmp_path: Path) -> None:
    """A title in Japanese is drawn without a missing sign."""
    code = "import matplotlib; matplotlib.use('agg'); import matplotlib.pyplot as p; p.title('日本語の精度 accuracy')"
    command = [sys.executable, "-W", "error::UserWarning", "-c", f"{code}; p.savefig('figure.png')"]
    env = {**os.environ, "HOME": str(tmp_path)}
    result = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "figure.png").stat().st_size > 5000


def test_pip_outside_of_a_notebook_says_what_to_do() -> None:
    """The environment cannot be changed by pip, and the refusal names the two ways that work."""
    if sys.prefix != sys.base_prefix:
        pytest.skip("run inside of a virtual environment")
    command = [sys.executable, "-m", "pip", "install", "--no-index", "something"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "%pip install NAME" in result.stderr
    assert "python/lock.py" in result.stderr


@pytest.mark.skipif(SAID.get("base") != "debian", reason="nixpkgs builds the standard library of the other base")
def test_everything_is_compiled() -> None:
    """Bytecode of the standard library is part of the environment: nothing is compiled at start, or written then."""
    library = Path(os.__file__).resolve().parent
    modules = [path for path in library.rglob("*.py") if "__pycache__" not in path.parts]
    assert len(modules) > 400
    assert not [path for path in modules if not Path(importlib.util.cache_from_source(str(path))).exists()]
