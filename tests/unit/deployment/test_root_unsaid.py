"""A container that runs as root because of its number alone says so, in one line, with the remedy."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.doctor import machine
from jupyter_utils.machine.advice import root_unsaid
from jupyter_utils.machine.namespace import IdMap, Mount, Namespace
from jupyter_utils.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be root without a word")
PLAIN, ROOTLESS = "0 0 4294967295", "0 1234 1\n1 100000 65536"


def namespace(users: str) -> Namespace:
    return Namespace(IdMap.parse(users), IdMap.parse(users), (Mount.parse("1 0 8:1 / / rw - overlay x rw"),))


@pytest.mark.parametrize(
    ("uid", "asked", "users", "told"),
    [(0, False, PLAIN, True), (0, True, PLAIN, False), (1000, False, PLAIN, False), (0, False, ROOTLESS, False)],
)
def test_who_is_told(uid: int, asked: bool, users: str, told: bool) -> None:
    """Not who asked for root, and not the caller of a rootless engine, who is root only in there."""
    assert bool(root_unsaid(uid, run_as_root=asked, namespace=namespace(users))) is told


@pytest.mark.parametrize("asked", ["", "1"])
def test_the_log_says_it(asked: str, tmp_path: Path) -> None:
    """The entry runs as before, and its log has one line."""
    if Namespace.read().kind != "plain":
        pytest.skip("this machine maps users itself")
    env = {**os.environ, "JUPYTER_UTILS_PROFILE": "container", "CONTAINER_UID": "0", "CONTAINER_GID": "0"}
    env |= {"RUN_AS_ROOT": asked, "HOME": str(tmp_path / "home"), "JUPYTER_ROOT_DIR": str(tmp_path / "notebooks")}
    env |= {"MLFLOW_STORE_DIR": str(tmp_path / "mlflow")}
    command = [sys.executable, "-m", "jupyter_utils", "container", "id", "-u"]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
    lines = [line for line in done.stderr.splitlines() if "CONTAINER_UID=0" in line]
    assert len(lines) == (not asked)
    assert all("RUN_AS_ROOT=1" in line and "id -u" in line for line in lines)


def test_doctor_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """And so does the doctor, in containers only."""
    monkeypatch.setattr("jupyter_utils.machine.advice.Namespace.read", lambda: namespace(PLAIN))
    (found,) = machine.user(Settings(jupyter_utils_profile="container", container_uid=0))
    assert (found.level, "root" in found.message, "RUN_AS_ROOT" in str(found.remedy)) == ("warning", True, True)
    assert list(machine.user(Settings(container_uid=0))) == []
