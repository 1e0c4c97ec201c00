"""Where systemd runs, the Nix that ./quickstart installs is a daemon for all users."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import fresh_root
import pytest
from docker_engine import debian_image, docker, ensure_engine
from machine import INIT, PACKAGES, RIGHTS, Machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.full, pytest.mark.timeout(2400)]
IMAGE = "jupyter-utils-test-fresh-systemd:bookworm"
USERS = ("taro", "hana")
QUICKSTART = "cd lab && ./quickstart --build-only --base debian --cpu"


@pytest.fixture(scope="module")
def fresh_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Run a machine with systemd and without Nix; taro may use sudo, hana may not."""
    if reason := ensure_engine() or debian_image(IMAGE, *PACKAGES, *fresh_root.PACKAGES):
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("shared")
    fresh_root.link_wheels(folder / "wheels")
    fresh_root.publish(folder / "lab.bundle")
    name = f"jupyter-utils-test-{uuid.uuid4().hex[:8]}"
    shared = ["--network=host", f"--volume={folder}:/srv:ro"]
    docker("run", "--detach", f"--name={name}", *RIGHTS.split(), *shared, IMAGE, *INIT)
    try:
        machine = Machine(name)
        machine.wait_booted()
        prepare(machine, folder)
        yield machine
    finally:
        docker("rm", "--force", "--volumes", name)


def prepare(machine: Machine, folder: Path) -> None:
    """Give the machine its users, this machine's certificates, and pip the wheels."""
    folder.chmod(0o755)
    docker("cp", "/etc/ssl/certs/ca-certificates.crt", f"{machine.name}:/etc/ssl/certs/ca-certificates.crt")
    machine.write("/etc/pip.conf", "[global]\nno-index = true\nfind-links = /srv/wheels\n")
    for user in USERS:
        machine.shell(f"useradd --create-home --shell /bin/bash {user}")
        as_user(machine, user, "git clone --quiet --branch main /srv/lab.bundle lab")
    machine.write("/etc/sudoers.d/taro", "taro ALL=(ALL) NOPASSWD: ALL\n")


def as_user(machine: Machine, user: str, command: str, *, limit: float = 1800) -> tuple[int, str]:
    """Run a line as a new login of a user; its exit code and all that it says."""
    words = ["exec", machine.name, "su", "--login", user, "-c", f"{{ {command}; }} 2>&1"]
    done = docker(*words, check=False, limit=limit)
    return done.returncode, done.stdout


def test_daemon_for_all_users(fresh_machine: Machine) -> None:
    """Who has sudo gets the daemon at once, and whoever joins nix-users later shares what it built."""
    code, said = as_user(fresh_machine, "taro", QUICKSTART)
    assert code == 0, said[-3000:]
    assert "through its daemon" in said
    # A new login: no setting of ./quickstart is left in it.
    code, said = as_user(fresh_machine, "taro", "cd lab && nix run .#debian.shell -- -c 'echo $((6 * 7))'")
    assert (code, said.splitlines()[-1]) == (0, "42")
    assert fresh_machine.shell("stat -c %U /nix/store") == "root"

    code, said = as_user(fresh_machine, "hana", QUICKSTART)
    assert code == 1
    asked = [line.strip().removeprefix("sudo ") for line in said.splitlines() if line.startswith("    sudo ")]
    assert [line.split("#")[0].strip() for line in asked] == ["usermod --append --groups nix-users hana"]
    assert "log in again" in said
    fresh_machine.shell(asked[0])
    code, said = as_user(fresh_machine, "hana", QUICKSTART)
    assert code == 0, said[-3000:]
    # The store is shared: nothing is fetched or built a second time.
    assert "installing" not in said
    assert "packages" not in said
