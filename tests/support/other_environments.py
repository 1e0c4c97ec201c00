"""An environment of this project with another version of one package in its lock, as last year's would be."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from commands import ROOT, nix


@dataclass
class OtherEnvironment:
    """A copy of the checkout whose lock names another version; nothing of it need be in the store.

    Attributes:
        folder: the copy.
        link: of its program `python`, where it is built.
        path: of its environment in the store.
    """

    folder: Path
    link: Path
    path: str

    def build(self) -> Path:
        """Have it in the store, and return its Python, which names its recipe."""
        done = nix(
            "build", "--impure", "-f", str(self.folder / "nix" / "debian"), "python", "--out-link", str(self.link)
        )
        assert done.returncode == 0, done.stderr
        return self.link / "bin" / "python"

    def delete(self) -> None:
        """Take it out of the store, as a garbage collection does."""
        self.link.unlink(missing_ok=True)
        if Path(self.path).exists():
            users = _store("--query", "--referrers-closure", self.path).split()
            _store("--delete", *users)
        assert not Path(self.path).exists()


def _store(*words: str) -> str:
    done = subprocess.run(["nix-store", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def other_environment(folder: Path, requirement: str) -> OtherEnvironment:
    """Make such a copy, and fetch the package's wheel; skip where that, or Nix, is not to be had.

    Args:
        folder: where.
        requirement: such as "wcwidth==0.2.6": a package of the lock, with a version that has a wheel for all.
    """
    if shutil.which("nix") is None:
        pytest.skip("no Nix on the path")
    for name in ("nix", "python", "flake.nix", "README.md"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, folder / name)
    wheels = folder / "wheels"
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(wheels), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{requirement} cannot be had: {done.stderr.strip().splitlines()[-1]}")
    _lock(folder / "python", next(wheels.iterdir()))
    fetch = [sys.executable, "nix/debian/fetch.py", "environment-all", "--locked"]
    done = subprocess.run(fetch, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"the other environment cannot be fetched: {done.stderr.strip()[-300:]}")
    expression = f"(import {folder}/nix/debian {{ }}).environment-all.outPath"
    path = nix("eval", "--raw", "--impure", "--expr", expression)
    assert path.returncode == 0, path.stderr
    return OtherEnvironment(folder, folder / "other-python", path.stdout)


def _lock(python: Path, wheel: Path) -> None:
    """Let the lock name this wheel of its package."""
    name, version = wheel.name.split("-")[:2]
    content = wheel.read_bytes()
    digest, place = hashlib.sha256(content).hexdigest(), hashlib.blake2b(content, digest_size=32).hexdigest()
    lock, files = python / "poetry.lock", python / "files.json"
    text = lock.read_text(encoding="utf-8")
    part = next(one for one in text.split("[[package]]") if f'name = "{name}"' in one)
    changed = re.sub(r"^version = .*$", f'version = "{version}"', part, flags=re.MULTILINE)
    changed = re.sub(r"\{file = .*", f'{{file = "{wheel.name}", hash = "sha256:{digest}"}},', changed)
    lock.write_text(text.replace(part, changed), encoding="utf-8")
    listed = json.loads(files.read_text(encoding="utf-8"))
    listed["lock"] = hashlib.sha256(lock.read_bytes()).hexdigest()
    row = next(one for one in listed["common"] if one["name"] == name)
    direct = f"{place[:2]}/{place[2:4]}/{place[4:]}/{wheel.name}"
    row |= {"version": version, "file": wheel.name, "sha256": digest, "direct": direct}
    files.write_text(json.dumps(listed), encoding="utf-8")
