"""Containers for tests: the compose project as users start it, in a folder of its own, and single containers."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import reached
import servers
from docker_engine import docker
from jupyter_utils.machine.readiness import answers

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
LAB, MLFLOW = "jupyter-utils-lab:latest", "jupyter-utils-mlflow:latest"
START_LIMIT = 180.0
"""Seconds until containers must be well, on a machine that does other work too."""


class Running:
    """Stands for a server's process, which is in a container here."""

    def poll(self) -> None:
        return None


@dataclass
class Stack(reached.Servers):
    """The compose project in `folder`, where its `.env` and `volume` are."""

    folder: Path
    project: str
    env: dict[str, str]
    process: Running = field(default_factory=Running)

    def compose(self, *words: str, check: bool = True) -> str:
        """Run docker-compose; its output."""
        command = ["docker-compose", "--project-name", self.project, *words]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, timeout=400)
        assert done.returncode == 0 or not check, f"{command}:\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def container(self, service: str) -> str:
        """Give the container of a service, which the versions of Compose name in different ways."""
        labels = {"project": self.project, "service": service, "oneoff": "False"}
        filters = [f"--filter=label=com.docker.compose.{name}={value}" for name, value in labels.items()]
        return docker("ps", "--all", "--quiet", "--no-trunc", *filters).stdout.strip()

    def exec(self, service: str, *words: str) -> str:
        return docker("exec", self.container(service), *words).stdout

    def up(self) -> None:
        self.compose("up", "-d")
        self.wait()

    def wait(self) -> None:
        """Wait until both are healthy, as Docker sees it."""
        for service in ("mlflow", "jupyterlab"):
            wait_healthy(self.container(service))

    @property
    def host(self) -> str:
        """The address under which the containers reach this machine."""
        template = "{{range .IPAM.Config}}{{.Gateway}}{{end}}"
        return docker("network", "inspect", "--format", template, f"{self.project}_default").stdout.strip()

    @property
    def home(self) -> Path:
        return self.volume / "home"

    @property
    def volume(self) -> Path:
        return self.folder / "volume"

    @property
    def root_dir(self) -> Path:
        return self.volume / "jupyter"

    @property
    def lab_url(self) -> str:
        """The address that users are shown, with its token."""
        return reached.lab_url(self.exec("jupyterlab", "jupyter-utils", "url"))


@contextlib.contextmanager
def stack(folder: Path, **settings: str) -> Iterator[Stack]:
    """Start the compose project with these lines in `.env`; containers and networks go after the block."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "docker-compose.yml", folder)
    ports = {"JUPYTER_PORT": str(servers.free_port()), "MLFLOW_PORT": str(servers.free_port()), "SHM_SIZE": "1gb"}
    env = {**ports, **settings}
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in env.items()))
    made = Stack(folder, f"test{uuid.uuid4().hex[:8]}", env)
    try:
        made.up()
        yield made
    except BaseException:
        print(made.compose("logs", "--no-color", check=False)[-8000:])  # noqa: T201 - pytest shows it with a failure
        raise
    finally:
        made.compose("down", "--volumes", "--timeout", "10", check=False)


@contextlib.contextmanager
def container(image: str, *words: str, options: tuple[str, ...] = ()) -> Iterator[str]:
    """Run one container; its name. It goes after the block."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    docker("run", "--detach", "--name", name, *options, image, *words)
    try:
        yield name
    finally:
        docker("rm", "--force", name, check=False)


@dataclass
class Alone(reached.Lab):
    """A container of the lab without compose; usable as a server of `kernels`."""

    name: str
    port: int
    process: Running = field(default_factory=Running)

    @property
    def jupyter_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def lab_url(self) -> str:
        return reached.lab_url(docker("exec", self.name, "jupyter-utils", "url").stdout)


@contextlib.contextmanager
def alone(*options: str) -> Iterator[Alone]:
    """Run the lab's image, JupyterLab published and healthy."""
    port = servers.free_port()
    given = ("--publish", f"127.0.0.1:{port}:18080", "--env", "LISTEN_ADDRESS=127.0.0.1", *options)
    with container(LAB, options=given) as name:
        wait_healthy(name)
        yield Alone(name, port)


def run(image: str, *words: str, options: tuple[str, ...] = (), check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a container to its end; its output."""
    return docker("run", "--rm", *options, image, *words, check=check)


def logs(name: str) -> str:
    done = docker("logs", name, check=False)
    return done.stdout + done.stderr


def inspect(name: str, template: str) -> str:
    return docker("inspect", "--format", template, name).stdout.strip()


def wait_healthy(name: str) -> None:
    """Wait until Docker calls a container healthy."""
    deadline = time.monotonic() + START_LIMIT
    while (state := inspect(name, "{{.State.Health.Status}} {{.State.Status}}")) != "healthy running":
        assert "exited" not in state, logs(name)
        assert time.monotonic() < deadline, f"{name} is {state}:\n{logs(name)}"
        time.sleep(0.3)


def wait_answers(url: str, name: str) -> None:
    """Wait until an address answers 200."""
    deadline = time.monotonic() + START_LIMIT
    while not answers(url):
        assert time.monotonic() < deadline, f"{url} does not answer:\n{logs(name)}"
        time.sleep(0.1)


def owners(folder: Path) -> set[tuple[int, int]]:
    """Give (user, group) of the folder and of everything below it."""
    found = set()
    for path in (folder, *folder.rglob("*")):
        with contextlib.suppress(FileNotFoundError):  # a running server's, just removed
            one = path.lstat()
            found.add((one.st_uid, one.st_gid))
    return found


def notebook(source: str) -> dict[str, object]:
    """Give a notebook of one cell, as the browser sends it."""
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None, "id": "a"}
    return {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def own_user() -> dict[str, str]:
    """As the page has it: echo "CONTAINER_UID=$(id -u)" >> .env."""
    return {"CONTAINER_UID": str(os.getuid()), "CONTAINER_GID": str(os.getgid())}
