"""A machine of its own for services: a real systemd as the first process of a Debian container, with the Nix store.

What runs in it is what `nix build .#debian.units` made: the container sees the store, read-only, and nothing else of
this project but the tests.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import shutil
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from commands import built
from docker_engine import debian_image, docker, ensure_engine

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

TESTS = Path(__file__).parents[1]
IMAGE = "jupyter-utils-test-systemd:bookworm"
PACKAGES = ("systemd", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd")
# What systemd needs to be a first process: its mounts, cgroups, and to see the processes of user namespaces.
RIGHTS = (
    "--cap-add=SYS_ADMIN --cap-add=SYS_PTRACE --security-opt=seccomp=unconfined --security-opt=apparmor=unconfined "
    "--cgroupns=host --volume=/sys/fs/cgroup:/sys/fs/cgroup:rw --tmpfs=/run --tmpfs=/run/lock --tty "
    # What a first systemd shuts down by.
    "--stop-signal=SIGRTMIN+3"
)
# Credentials are mounted in one mount namespace and seen in another.
INIT = ["sh", "-c", "mount --make-rshared / && exec /sbin/init"]
START_LIMIT = 240.0


@dataclass(frozen=True)
class Machine:
    """A running container."""

    name: str

    def run(self, *words: str, check: bool = True, user: str = "root", **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it."""
        given = [f"--env={name}={value}" for name, value in env.items()]
        return docker("exec", f"--user={user}", *given, self.name, *words, check=check)

    def shell(self, command: str, *, check: bool = True) -> str:
        """Run a line of shell in it; what it prints."""
        return self.run("sh", "-c", command, check=check).stdout.strip()

    def write(self, path: str, text: str) -> None:
        """Write a file in it."""
        self.shell(
            f"mkdir -p {shlex.quote(str(Path(path).parent))} && printf %s {shlex.quote(text)} > {shlex.quote(path)}"
        )

    def systemctl(self, *words: str, check: bool = True) -> str:
        """Run systemctl in it; an error says what the units' journal says."""
        done = self.run("systemctl", *words, check=False)
        if check and done.returncode:
            raise AssertionError(f"systemctl {' '.join(words)}: {done.stderr}\n{self.journal()}")
        return done.stdout.strip()

    def show(self, unit: str, name: str) -> str:
        """Return a property of a unit."""
        return self.systemctl("show", "--value", f"--property={name}", unit)

    def journal(self, *words: str) -> str:
        """Return the end of the journal."""
        return self.run("journalctl", "--no-pager", "--lines=60", *words).stdout

    def processes(self, user: str = "root") -> list[str]:
        """Return the processes of the launchers, as far as `user` may see them."""
        found = self.run("sh", "-c", "grep -l 'jupyter[_]utils' /proc/[0-9]*/cmdline 2>/dev/null; true", user=user)
        return found.stdout.split()

    def python(self, script: str, *words: str, **env: str) -> Any:
        """Run a script of this folder in it, with the tests' own Python; what it prints, read as JSON."""
        interpreter = str(Path(sys.executable).resolve())
        done = self.run(interpreter, f"/tests/services/{script}", *words, check=False, **env)
        if done.returncode:
            raise AssertionError(f"{script}: {done.stdout}{done.stderr}\n{self.journal()}")
        return json.loads(done.stdout.splitlines()[-1])

    def wait_booted(self) -> None:
        """Wait until systemd has started what it starts."""
        deadline = time.monotonic() + START_LIMIT
        while self.run("systemctl", "is-system-running", "--wait", check=False).stdout.strip() not in (
            "running",
            "degraded",
        ):
            if docker("inspect", "--format={{.State.Running}}", self.name).stdout.strip() != "true":
                said = docker("logs", self.name)
                pytest.skip(f"systemd does not run in a container here: {said.stdout}{said.stderr}")
            assert time.monotonic() < deadline, docker("logs", self.name).stdout
            time.sleep(0.3)

    def restart(self) -> None:
        """Switch it off and on; what is on its disk stays."""
        docker("restart", "--time=60", self.name)
        self.wait_booted()


def skip_reason() -> str | None:
    """Say why no machine can be had here; None if one can."""
    return ensure_engine() or debian_image(IMAGE, *PACKAGES)


def build_units(folder: Path) -> str:
    """Build the units, which a link in `folder` keeps from the garbage collector; their path in the store."""
    if shutil.which("nix") is None:
        pytest.skip("no nix on the path; ./check puts it there")
    return str(built("units", folder / "units"))


def install(machine: Machine, units: str) -> None:
    """Install the services of the system."""
    done = machine.run(f"{units}/bin/units", "--install", "--yes", check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{machine.journal()}"


@contextlib.contextmanager
def machine(*options: str) -> Iterator[Machine]:
    """Run a machine until the end of the block; `options` are of `docker run`."""
    if reason := skip_reason():
        pytest.skip(reason)
    name = f"jupyter-utils-test-{uuid.uuid4().hex[:8]}"
    volumes = ["--volume=/nix:/nix:ro", f"--volume={TESTS}:/tests:ro"]
    docker("run", "--detach", f"--name={name}", "--hostname=machine", *RIGHTS.split(), *volumes, *options, IMAGE, *INIT)
    try:
        running = Machine(name)
        running.wait_booted()
        yield running
    finally:
        docker("rm", "--force", "--volumes", name)
