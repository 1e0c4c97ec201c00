"""What of the servers' logs is shown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
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
        "[W 2026 ServerApp] Notebook first_run.ipynb is not trusted\n"
        "/lib/json/encoder.py:258: UserWarning: date_default is deprecated since jupyter_client 7.0.0.\n"
        "  return _iterencode(o, 0)\n"
        "[IPKernelApp] WARNING | Something else\n"
    )
    assert list(Tail(log).lines()) == ["[IPKernelApp] WARNING | Something else"]


TRACE = """\
Traceback (most recent call last):
  File "kernelbase.py", line 508, in dispatch_shell
    await result
"""
GONE = "zmq.error.ZMQError: Socket operation on non-socket"

CHAINED = "\nDuring handling of the above exception, another exception occurred:\n\n"
NEVER = (
    f"Task exception was never retrieved\nfuture: <Task>\n{TRACE}tornado.iostream.StreamClosedError: Stream is closed\n"
    f"{CHAINED}{TRACE}tornado.websocket.WebSocketClosedError\n"
)
ASGI = f"""\
2026/11/28 17:44:14 ERROR:    Exception in ASGI application
  + Exception Group Traceback (most recent call last):
  |   File x
  | ExceptionGroup: unhandled errors (1 sub-exception)
  +-+---------------- 1 ------
    | Traceback (most recent call last):
    |   File x
    | starlette.requests.ClientDisconnect
    +-----
{CHAINED}{TRACE}starlette.requests.ClientDisconnect
"""
# A tab that is closed while its cell prints: as Jupyter's own formatter indents it.
CLOSED = """\
[E 2026 ServerApp] Uncaught exception in ZMQStream callback
    Traceback (most recent call last):
      File "zmqstream.py", line 570, in _run_callback
        f = callback(*args, **kwargs)
            ^^^^^^^^^^^^^^^^^^^^^^^^^
      File "websocket.py", line 364, in write_message
        raise WebSocketClosedError()
    tornado.websocket.WebSocketClosedError
"""
# A repository without a commit, when a notebook is opened in it: the panel of Git asks for the history of the file.
NO_COMMIT = """\
[E 2026 ServerApp] {
      "Host": "127.0.0.1:8888",
      "User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"
    }
[E 2026 ServerApp] 500 POST /prefix/git/study/log?1795911744581 (22@127.0.0.1) 12.73ms referer=http://127.0.0.1/lab
"""


@pytest.mark.parametrize(
    "entry",
    [
        f"[IPKernelApp] ERROR | Exception in message handler:\n{TRACE}{GONE}\n",
        "[W 2026 ServerApp] Got events for closed stream <zmq.eventloop.zmqstream.ZMQStream object at 0x7f57>\n",
        f"[E 2026 asyncio] {NEVER}",
        f"{TRACE}KeyboardInterrupt\n",
        NEVER * 3,
        ASGI,
        NO_COMMIT,
        CLOSED * 2,
    ],
)
@pytest.mark.parametrize("piece", [10_000, 60])
def test_ordinary_events_are_left_to_the_log(tmp_path: Path, entry: str, piece: int) -> None:
    """A tab that is closed, a kernel that ends: whole or in pieces as they are written, and nothing else with them."""
    log = tmp_path / "log"
    log.touch()
    tail, seen = Tail(log), []
    text = f"[W 2026 App] before\n{entry}[W 2026 App] after\n"
    for start in range(0, len(text), piece):
        with log.open("a") as file:
            file.write(text[start : start + piece])
        seen += tail.lines()
    assert seen == ["[W 2026 App] before", "[W 2026 App] after"]
    assert entry.strip() in "\n".join(Tail(log, everything=True).lines()), "with --verbose all is shown"


@pytest.mark.parametrize(
    "entry",
    [
        f"[IPKernelApp] ERROR | Exception in message handler:\n{TRACE}ValueError: {GONE}\n",
        f"[E 2026 App] Uncaught exception\n{TRACE}zmq.error.ZMQError: Address already in use\n",
        f"{TRACE}{GONE}\n{CHAINED}{TRACE}RuntimeError: lost\n",
        f"[E 2026 App] said: {GONE}\n",
        f"{TRACE}KeyboardInterrupt: of one's own\n",
        CLOSED.replace("tornado.websocket.WebSocketClosedError", "OSError: [Errno 28] No space left on device"),
        "[E 2026 ServerApp] 500 PUT /api/contents/git/log.ipynb (22@127.0.0.1) 12.73ms\n",
    ],
)
def test_real_errors_are_shown_whole(tmp_path: Path, entry: str) -> None:
    """Also those that look alike, and those that an ordinary one led to."""
    log = tmp_path / "log"
    log.write_text(f"[IPKernelApp] ERROR | Exception in message handler:\n{TRACE}{GONE}\n{entry}")
    shown = list(Tail(log).lines())
    assert shown == [line for line in entry.splitlines() if line.strip()]


def test_half_a_traceback_is_shown_in_the_end(tmp_path: Path) -> None:
    """A server that is killed while it writes."""
    log = tmp_path / "log"
    log.write_text(TRACE)
    tail = Tail(log)
    assert list(tail.lines()) == []
    assert list(tail.lines()) == TRACE.splitlines()


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
