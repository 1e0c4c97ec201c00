"""Images that people make from ours, as they are used to from other images: `FROM jupyter-utils-lab`."""

from __future__ import annotations

import os
import subprocess
import uuid
from typing import TYPE_CHECKING

import containers
import pytest
from docker_engine import docker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WITH_HOOKS = """
COPY license.sh /usr/local/bin/before-notebook.d/
COPY entry.sh /entry.sh
RUN chmod 755 /entry.sh
ENTRYPOINT ["/usr/bin/tini", "--", "/entry.sh"]
"""


def build(folder: Path, lines: str, name: str) -> subprocess.CompletedProcess[str]:
    """Build an image from the lab's, with the network of this machine; Docker's words are in `stdout`."""
    (folder / "Dockerfile").write_text(f"FROM {containers.LAB}\n{lines}\n")
    env = {**os.environ, "DOCKER_BUILDKIT": "0" if docker("buildx", "version", check=False).returncode else "1"}
    command = ["docker", "build", "--network", "host", "--tag", name, "."]
    return subprocess.run(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


@pytest.fixture
def name() -> Iterator[str]:
    made = f"test-{uuid.uuid4().hex[:8]}"
    yield made
    docker("image", "rm", "--force", made, check=False)


@pytest.mark.parametrize(
    "command", ["pip install six", "python -m pip install six", "conda install six", "mamba update"]
)
def test_packages_of_python_have_ways_of_their_own(tmp_path: Path, name: str, command: str) -> None:
    """The build fails, and says what to do instead: the overlay, or the lock."""
    done = build(tmp_path, f"RUN {command}", name)
    assert done.returncode != 0
    for ours in ("its environment is read-only" if "pip" not in command else "read-only", "%pip install", "lock.py"):
        assert ours in done.stdout


@pytest.mark.full
def test_apt_get_install(tmp_path: Path, name: str) -> None:
    """Packages of Debian come in as in any Debian image, and the lab's environment still works."""
    done = build(tmp_path, "RUN apt-get update && apt-get install -y tree && rm -rf /var/lib/apt/lists/*", name)
    if "Could not resolve" in done.stdout or "Could not connect" in done.stdout:
        pytest.skip("no server of Debian's in reach")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "W:" not in done.stdout
    shown = containers.run(name, "bash", "-c", "tree --version && python -c 'import torch, mlflow; print(\"well\")'")
    assert shown.stdout.startswith("tree v")
    assert "well" in shown.stdout


def test_an_entry_of_its_own_stands_in_for_hooks(tmp_path: Path, name: str) -> None:
    """Hooks of docker-stacks are named in the log, once; what the line advises works."""
    (tmp_path / "license.sh").write_text("export LICENSE=1\n")
    (tmp_path / "entry.sh").write_text('#!/bin/sh\nexport LICENSE=2\nexec jupyter-utils container "$@"\n')
    done = build(tmp_path, WITH_HOOKS, name)
    assert done.returncode == 0, done.stdout
    shown = containers.run(name, "start.sh", "bash", "-c", "echo $LICENSE; id -u", options=("--env", "GRANT_SUDO=yes"))
    assert shown.stdout == "2\n1000\n"
    for said in ("license.sh", "start.sh belongs to", "GRANT_SUDO"):
        assert shown.stderr.count(said) == 1
