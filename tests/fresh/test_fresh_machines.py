"""./quickstart on machines that have nothing yet, and then the commands of README and pages in another shell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from documented import BEFORE, RUN
from fresh_root import USER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fresh_root import FreshRoot

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]
# Python 3.14 is forky's.
RELEASES = ["bookworm", "trixie", "forky"]
QUICKSTART = "./quickstart --build-only --base debian --cpu"


@pytest.mark.parametrize("user", ["root", USER])
@pytest.mark.parametrize("suite", RELEASES)
def test_pages_work_after_quickstart(fresh: Callable[..., FreshRoot], wheels: Path, suite: str, user: str) -> None:
    """One command, and then all commands of the pages work in a fresh shell; a second ./quickstart does nothing."""
    machine = fresh(suite, wheels)
    folder = machine.clone(user)
    said = machine.must(f"cd {folder} && {QUICKSTART}", user=user)
    assert "set up for every shell" in said
    failed = {}
    for command, (instead, answer) in RUN.items():
        done = machine.run(f"cd {folder}\n{BEFORE}\n{instead or command}", user=user)
        if done.returncode or answer not in done.stdout:
            failed[command] = f"{done.returncode}: {done.stdout[-1500:]}"
    assert failed == {}
    assert_needs_nothing(machine, folder, user)
    assert_says_where_no_flake_is_taken(machine, user)


def assert_needs_nothing(machine: FreshRoot, folder: str, user: str) -> None:
    """With the lab whole: no network, no pip, no mmdebstrap, no sources in the store, no sudo."""
    machine.must(
        "apt-get -qq purge -y mmdebstrap uidmap python3-pip sudo; rm -f /etc/sudoers.d/*", SUDO_FORCE_REMOVE="yes"
    )
    machine.must(f"cd {folder} && rm -f own/.git script.py && nix-collect-garbage", user=user)
    again = f"cd {folder} && {QUICKSTART}"
    done = machine.run(f"unshare --user --map-current-user --net sh -c '{again}' || ({again})", user=user)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "installing" not in done.stdout
    assert not re.search(r"by mmdebstrap|by pip|building '", done.stdout)


def assert_says_where_no_flake_is_taken(machine: FreshRoot, user: str) -> None:
    """In a path with spaces and Japanese, from a tarball, ./quickstart works and says what to write for `nix run`."""
    home = "/root" if user == "root" else f"/home/{user}"
    other = f"{home}/my 研究"
    machine.must(f"cp -r ~/lab '{other}' && rm -rf '{other}/.git' '{other}/.cache'", user=user)
    said = machine.must(f"cd '{other}' && sh {QUICKSTART.removeprefix('./')}", user=user)
    assert "write nix run -f nix/debian NAME" in said
    machine.must(f"cd '{other}' && nix run -f nix/debian shell -- -c true", user=user)


def test_really_cold(fresh: Callable[..., FreshRoot]) -> None:
    """With everything from the mirrors that this machine's apt and pip know, as on a user's machine."""
    machine = fresh("trixie")
    folder = machine.clone(USER)
    machine.must(f"cd {folder} && {QUICKSTART}", user=USER)
    assert "42" in machine.must(f"cd {folder} && nix run .#debian.shell -- -c 'python -c \"print(6 * 7)\"'", user=USER)


def test_another_python_is_active(fresh: Callable[..., FreshRoot], wheels: Path) -> None:
    """A virtual environment without pip, PYTHONHOME, and pip's settings for other work stand in nobody's way."""
    machine = fresh("bookworm", wheels)
    machine.must("apt-get -qq update && apt-get -qq install -y --no-install-recommends python3-venv")
    folder = machine.clone(USER)
    machine.must("python3 -m venv --without-pip ~/venv", user=USER)
    settings = {
        "PIP_REQUIRE_VIRTUALENV": "1",
        "PIP_ONLY_BINARY": ":all:",
        "PIP_USER": "1",
        "PIP_TARGET": "/nowhere",
        "PYTHONPATH": "/nowhere",
    }
    machine.must(f"cd {folder} && . ~/venv/bin/activate && {QUICKSTART}", user=USER, **settings)


def test_without_sudo_the_administrators_commands_are_enough(fresh: Callable[..., FreshRoot], wheels: Path) -> None:
    """An ordinary user without sudo gets commands; an administrator who runs just these makes it work."""
    machine = fresh("trixie", wheels)
    machine.must("rm /etc/sudoers.d/*")
    folder = machine.clone(USER)
    done = machine.run(f"cd {folder} && {QUICKSTART}", user=USER)
    assert done.returncode == 1
    asked = [line.strip() for line in done.stdout.splitlines() if line.startswith("    sudo ")]
    assert asked
    # Who types them says yes.
    machine.must("echo 'APT::Get::Assume-Yes \"true\";' >/etc/apt/apt.conf.d/90yes")
    machine.must(" && ".join(asked))
    machine.must(f"cd {folder} && {QUICKSTART}", user=USER)
    machine.must(f"cd {folder} && .cache/lab/bin/jupyter-utils settings", user=USER)
