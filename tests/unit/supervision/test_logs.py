"""What of the servers' logs is shown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from jupyter_utils.supervision import processes
from jupyter_utils.supervision.logs import Tail, last_lines

if TYPE_CHECKING:
    from pathlib import Path


def test_only_what_a_user_should_see_is_shown_of_a_log(tmp_path: Path) -> None:
    """Warnings, errors and their traces; lines that come in two parts are shown once they are whole."""
    log = tmp_path / "log"
    log.write_bytes("[I 2026 App] fine\n[W 2026 App] 注意\n[I 2026 App] fine\nTraceback (most recent".encode())
    tail = Tail(log)
    assert list(tail.lines()) == ["[W 2026 App] 注意"]
    with log.open("a") as file:
        file.write(" call last):\n  File x\nValueError: bad\n[I 2026 App] fine\n")
    assert list(tail.lines()) == ["Traceback (most recent call last):", "  File x", "ValueError: bad"]
    assert list(tail.lines()) == []


def test_what_nobody_can_change_is_left_to_the_log(tmp_path: Path) -> None:
    """What each kernel and each requested stop writes would only frighten."""
    log = tmp_path / "log"
    log.write_text(
        "[IPKernelApp] WARNING | Kernel is running over TCP without encryption. All communication is plain text.\n"
        "[W 2026 ServerApp] The websocket_ping_timeout (90000) cannot be longer than the websocket_ping_interval.\n"
        "[C 2026 ServerApp] received signal 15, stopping\n"
        "[IPKernelApp] WARNING | Something else\n"
    )
    assert list(Tail(log).lines()) == ["[IPKernelApp] WARNING | Something else"]


def test_a_log_that_goes_ends_nothing(tmp_path: Path) -> None:
    """Deleted, unreadable, emptied, or made anew: what is there again is shown again."""
    log = tmp_path / "log"
    log.write_text("[W 2026 App] one\n[W 2026 App] two\n")
    tail = Tail(log)
    assert len(list(tail.lines())) == 2
    log.unlink()
    assert list(tail.lines()) == []
    assert "cannot be read" in last_lines(log)[0]
    log.write_text("[W 2026 App] new\n")
    assert list(tail.lines()) == ["[W 2026 App] new"]


def test_a_server_starts_without_a_log(tmp_path: Path) -> None:
    """A folder for logs that was removed, or a disk that takes nothing any more."""
    started = processes.start([sys.executable, "-c", "print(1)"], env={}, log=tmp_path / "gone" / "log")
    assert started.wait(10) == 0
