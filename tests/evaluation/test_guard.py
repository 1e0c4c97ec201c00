"""A guarded command ends with its caller, however that ends, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from fetching import guard
from watching import marked, wait_for

GUARD = [sys.executable, "-ISB", guard.__file__, str(os.getpid())]


def test_guard_hands_on_the_exit_code() -> None:
    """A guarded command's exit code is its own, as a shell counts it."""
    assert subprocess.run([*GUARD, "0", "sh", "-c", "exit 7"], check=False).returncode == 7
    assert subprocess.run([*GUARD, "0", "sh", "-c", "kill -9 $$"], check=False).returncode == 137
    assert subprocess.run([*GUARD, "0", "/does/not/exist"], check=False, stderr=subprocess.PIPE).returncode == 127


@pytest.mark.parametrize("script", ["sleep 1000 & exit 0", "setsid sleep 1000 & exit 3"])
def test_guard_leaves_no_child(script: str, mark: str, env: dict[str, str]) -> None:
    """What a command left running ends with it, in whatever session it is."""
    subprocess.run([*GUARD, "0", "sh", "-c", script], env=env, check=False)
    assert marked(mark) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_guarded_command_ends_with_the_guard(number: int, mark: str, env: dict[str, str]) -> None:
    """A signal to the guard ends the command; so does the guard's own violent end."""
    process = subprocess.Popen([*GUARD, "0", "sleep", "1000"], env=env)
    wait_for(lambda: len(marked(mark)) == 2, "the command runs")
    process.send_signal(number)
    process.wait(10)
    wait_for(lambda: not marked(mark), "the end of the command", 5)


def test_guarded_family_ends_with_the_caller(mark: str, env: dict[str, str]) -> None:
    """When the caller is killed, the command and its children, in whatever session, end, too."""
    script = f"""
import subprocess, os, sys
subprocess.run([{sys.executable!r}, "-ISB", {guard.__file__!r}, str(os.getpid()), "0",
    "sh", "-c", "setsid sleep 1000 & sleep 1000"])
"""
    caller = subprocess.Popen([sys.executable, "-c", script], env=env)
    wait_for(lambda: len(marked(mark)) == 5, "caller, guard, shell and both children run")
    caller.kill()
    caller.wait()
    wait_for(lambda: not marked(mark), "the end of all", 5)


def test_stubborn_command_is_killed(mark: str, env: dict[str, str]) -> None:
    """A command that ignores SIGTERM has as many seconds as it was given."""
    process = subprocess.Popen([*GUARD, "0.5", "sh", "-c", "trap '' TERM; while :; do sleep 1; done"], env=env)
    wait_for(lambda: len(marked(mark)) >= 2, "the command runs")
    process.terminate()
    process.wait(10)
    assert marked(mark) == []
