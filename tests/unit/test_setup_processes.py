"""./quickstart and what it starts: nothing is left behind, and two take turns."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from setting_up import copied, setup

# A fetch step that stays, under the guard of the real one.
SLEEPER = """
import pathlib, sys, time
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from fetching import processes
if "--missing" not in sys.argv:
    processes.end_with(int(sys.argv[sys.argv.index("--parent") + 1]))
    time.sleep(600)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of what ./quickstart runs, in which nothing was built."""
    return copied(tmp_path / "copy")


def wait_until(happened, limit: float = 60.0) -> bool:
    """Wait until a function says yes."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.05)
    return False


def running(mark: str) -> list[int]:
    """Return the processes whose environment holds a mark."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes() and Path(path.parent, "cmdline").read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_nothing_outlives_a_killed_quickstart(checkout: Path, number: signal.Signals) -> None:
    """However ./quickstart is killed, what it started ends too."""
    (checkout / "nix" / "debian" / "fetch.py").write_text(SLEEPER)
    mark = f"MARK_{os.urandom(4).hex()}"
    words = [str(checkout / "quickstart"), "--build-only", "--base", "debian", "--cpu"]
    started = subprocess.Popen(words, env={**os.environ, mark: "1"}, stderr=subprocess.DEVNULL)
    try:
        assert wait_until(lambda: len(running(mark)) > 1 and b"fetch.py" in commands(mark))
    finally:
        started.send_signal(number)
        started.wait(60)
    assert wait_until(lambda: running(mark) == []), commands(mark)


def commands(mark: str) -> bytes:
    """Return the command lines of the marked processes."""
    texts = []
    for number in running(mark):
        try:
            texts.append(Path(f"/proc/{number}/cmdline").read_bytes())
        except OSError:
            continue
    return b"\n".join(texts)


HELD = "echo held; exec sleep 6"
"""Long enough for the other to come to the lock."""


def test_second_quickstart_waits_for_the_first(checkout: Path) -> None:
    """Two in one checkout take turns, and the second says what it waits for."""
    (checkout / ".cache").mkdir()
    holder = subprocess.Popen(["flock", str(checkout / ".cache" / "turn"), "sh", "-c", HELD], stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"held\n"
    done = setup("take_turn; end_turn; echo done", checkout)
    assert "waiting for it" in done.stderr
    assert done.stdout == "done\n"
    assert holder.wait() == 0
