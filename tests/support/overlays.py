"""Overlays of real packages: folders, sources and commits that pip builds without any other package, and pip."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

from jupyter_utils.kernels.overlay import OVERLAY_VARIABLE, Overlay, overlay_dir

if TYPE_CHECKING:
    from pathlib import Path

# A build backend within the project, so that building needs no index.
_PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
_BACKEND = """
import pathlib, zipfile
NAME, VERSION = {name!r}, {version!r}
INFO = f"{{NAME}}-{{VERSION}}.dist-info"

def _wheel(folder, content):
    file = f"{{NAME}}-{{VERSION}}-py3-none-any.whl"
    content = dict(content)
    content[f"{{INFO}}/METADATA"] = f"Metadata-Version: 2.1\\nName: {{NAME}}\\nVersion: {{VERSION}}\\n"
    content[f"{{INFO}}/WHEEL"] = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    content[f"{{INFO}}/RECORD"] = "".join(f"{{one}},,\\n" for one in [*content, f"{{INFO}}/RECORD"])
    with zipfile.ZipFile(pathlib.Path(folder, file), "w") as archive:
        for path, text in content.items():
            archive.writestr(path, text)
    return file

def build_wheel(folder, settings=None, metadata=None):
    return _wheel(folder, {{f"{{NAME}}.py": pathlib.Path(f"{{NAME}}.py").read_text()}})

def build_editable(folder, settings=None, metadata=None):
    return _wheel(folder, {{f"_{{NAME}}.pth": str(pathlib.Path.cwd()) + "\\n"}})
"""


def make_project(folder: Path, name: str, version: str = "1.0") -> Path:
    """Make a folder that `pip install` builds."""
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(_PROJECT)
    (folder / "backend.py").write_text(_BACKEND.format(name=name, version=version))
    (folder / f"{name}.py").write_text(f"version = {version!r}\n")
    return folder


def make_commit(folder: Path) -> str:
    """Commit all of a folder to a repository of its own."""
    git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@y"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *command], check=True)
    return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()


def make_source(folder: Path, project: Path, name: str) -> Path:
    """Pack a project as a source distribution, `NAME-1.0.tar.gz`."""
    file = folder / f"{name}-1.0.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        archive.add(project, f"{name}-1.0")
    return file


def pip(root: Path, *arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `pip` as in a terminal of a lab whose notebooks are in `root`."""
    command = [sys.executable, "-P", "-m", "jupyter_utils.kernels.overlay", *map(str, arguments)]
    told = {**os.environ, "XDG_STATE_HOME": str(root / "state"), OVERLAY_VARIABLE: str(overlay_dir(root)), **env}
    return subprocess.run(command, env=told, capture_output=True, text=True, check=False)


def overlay(root: Path) -> Overlay:
    """Return the overlay of the notebooks in `root`."""
    return Overlay(overlay_dir(root))
