"""The whole way, with the lab's own lock: ask for a package, lock, fetch, build, import."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from commands import ROOT, nix
from package_index import PackageIndex, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.full, pytest.mark.timeout(1800)]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy what locking and building need."""
    for name in ("nix", "python"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Serve the simple pages of the machine's own index, Poetry included; return the settings of who uses them."""
    with serving(PackageIndex(upstream=".*")) as index:
        yield {"PIP_INDEX_URL": index.url, "POETRY_CACHE_DIR": str(tmp_path / "cache")}


def run(checkout: Path, *words: str, **settings: str) -> None:
    """Run a program of the checkout by this interpreter."""
    command = [sys.executable, *words]
    result = subprocess.run(
        command, cwd=checkout, env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-4000:]


def assert_importable(checkout: Path, modules: str, *words: str) -> None:
    """Build the lab's environment and import from it."""
    link = checkout / "environment"
    result = nix("build", "-f", str(checkout / "nix" / "debian"), "environment", "--out-link", str(link), *words)
    assert result.returncode == 0, result.stderr[-4000:]
    subprocess.run([link / "bin" / "python", "-c", f"import {modules}"], cwd=checkout, check=True, capture_output=True)


def changed(before: str, after: str) -> set[str]:
    """Return the rows of files.json that only one of two has, without its two hashes."""
    rows = {line.rstrip(",") for line in before.splitlines()} ^ {line.rstrip(",") for line in after.splitlines()}
    return {row for row in rows if '"name"' in row}


def test_a_package_for_the_lab(checkout: Path, mirror: dict[str, str]) -> None:
    """One more in python/pyproject.toml: one more in the environment, and not a file of another package is touched."""
    python = checkout / "python"
    wishes = (python / "pyproject.toml").read_text()
    (python / "pyproject.toml").write_text(wishes.replace('jupytext = "*"\n', 'jupytext = "*"\npyfiglet = "*"\n'))
    before = (python / "files.json").read_text()
    run(checkout, "python/lock.py", **mirror)
    rows = changed(before, (python / "files.json").read_text())
    assert len(rows) == 1
    assert "pyfiglet" in rows.pop()
    assert "127.0.0.1" not in (python / "poetry.lock").read_text() + (python / "files.json").read_text()
    run(checkout, "nix/debian/fetch.py")
    assert_importable(checkout, "pyfiglet, jupyterlab, torch")


def test_packages_of_a_project(checkout: Path, mirror: dict[str, str]) -> None:
    """A project in a folder with spaces and Japanese gets a source distribution and a package with extras."""
    project = checkout / "研究 1"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        "[tool.poetry.dependencies]\n"
        'python = "^3.11"\nseqeval = "*"\npyfiglet = { version = "^1.0", markers = "sys_platform == \'linux\'" }\n'
    )
    run(checkout, "python/lock.py", "--project", str(project), **mirror)
    lock = project / "lock"
    rows = changed((checkout / "python" / "files.json").read_text(), (lock / "files.json").read_text())
    assert {name for name in ("seqeval", "pyfiglet") for row in rows if f'"{name}"' in row} == {"seqeval", "pyfiglet"}
    assert "127.0.0.1" not in "".join(path.read_text() for path in lock.iterdir())
    run(checkout, "nix/debian/fetch.py", "--lock", str(lock))
    assert_importable(checkout, "seqeval, pyfiglet, jupyterlab, torch", "--argstr", "lock", str(lock))
