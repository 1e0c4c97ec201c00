"""A server that is killed before it has answered: memory was short, which its settings have no part in."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import servers

if TYPE_CHECKING:
    from pathlib import Path

# Ends as is asked for the first time, and answers the second time.
SERVER = """
import http.server, os, pathlib, signal, sys
first, way = pathlib.Path("first"), sys.argv[2]
if not first.exists():
    first.touch()
    os.kill(os.getpid(), signal.SIGKILL) if way == "killed" else sys.exit(3)
http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]), bind="127.0.0.1")
"""
UNIT = """
import os, pathlib, signal, sys
from jupyter_utils.supervision.member import ServerSpec
from jupyter_utils.supervision.supervisor import Unit

class Reporter:
    def __getattr__(self, name):
        def tell(*given):
            print(name, *given[1:], flush=True)
            if name == "ready":
                os.kill(os.getpid(), signal.SIGTERM)
        return tell if name in {"ready", "ended", "resting"} else lambda *_: None

port, way = sys.argv[1:]
argv = [sys.executable, "server.py", port, way]
spec = ServerSpec("one", argv, dict(os.environ), pathlib.Path("log"), f"http://127.0.0.1:{port}/", revives=True)
sys.exit(Unit([spec], Reporter()).run())
"""


@pytest.mark.parametrize(
    ("way", "code", "told"), [("killed", 0, ["resting -9 1.0", "ready"]), ("ends itself", 3, ["ended 3"])]
)
def test_a_server_that_ends_before_it_has_answered(tmp_path: Path, way: str, code: int, told: list[str]) -> None:
    """It is started again if something killed it; one that cannot start ends all at once."""
    (tmp_path / "server.py").write_text(SERVER)
    command = [sys.executable, "-c", UNIT, str(servers.free_port()), way]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert (done.stdout.splitlines(), done.returncode) == (told, code), done.stderr
