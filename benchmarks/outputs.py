"""What keeping outputs costs: figures for docs/en/outputs.md and for whoever changes what keeps them.

    nix run .#debian.python -- benchmarks/outputs.py [--runs N] [--prints N] [--megabytes N]

Two labs run side by side, one with JUPYTER_UTILS_KEEP_OUTPUTS=off, and take turns. Prints, as measured now on this
machine: seconds until a cell has printed 100,000 lines, each flushed, with a page that listens and with none, and the
processor's seconds of Jupyter's server in that time; then, for 300 MB that are printed while no page is there, the
largest memory of the server above that at rest and what is left of it, and the size of the notebook that has them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import kernels
import servers
from calling import write_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psutil
    import websocket

MEGABYTE = 1_000_000
LIMIT = 1800.0


@dataclass
class Lab:
    """A lab and the process of its Jupyter server."""

    server: servers.Started
    process: psutil.Process

    def seconds(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)


def main() -> None:
    """Measure and print one line a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="how often each time is measured (default 3); 0: no time")
    parser.add_argument("--prints", type=int, default=100_000, help="lines that a cell prints (default 100000)")
    parser.add_argument("--megabytes", type=int, default=300, help="what is printed without a page (default 300)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, contextlib.ExitStack() as stack:
        labs = {
            name: stack.enter_context(lab(Path(folder) / name, JUPYTER_UTILS_KEEP_OUTPUTS=name))
            for name in ("off", "on")
        }
        for how in ("listens", "is away") if asked.runs else ():
            figures: dict[str, list[tuple[float, float]]] = {name: [] for name in labs}
            for _ in range(asked.runs):
                for name, one in labs.items():
                    figures[name].append(printing(one, asked.prints, how))
            compare(f"{asked.prints:,} prints, page {how}: until the end", figures, 0)
            compare(f"{asked.prints:,} prints, page {how}: server's processor", figures, 1)
        for name, one in labs.items():
            memory, left, size = flood(one, asked.megabytes)
            show(f"{asked.megabytes} MB without a page, {name}: memory", f"{memory / MEGABYTE:7.1f} MB")
            show(f"{asked.megabytes} MB without a page, {name}: memory afterwards", f"{left / MEGABYTE:7.1f} MB")
            show(f"{asked.megabytes} MB without a page, {name}: notebook", f"{size / MEGABYTE:7.1f} MB")


def show(what: str, figure: str) -> None:
    sys.stdout.write(f"{what:60} {figure}\n")
    sys.stdout.flush()


def compare(what: str, figures: dict[str, list[tuple[float, float]]], which: int) -> None:
    off, on = (statistics.median(one[which] for one in figures[name]) for name in ("off", "on"))
    show(what, f"off {off:7.2f} s, on {on:7.2f} s, ratio {on / off:.3f} (n={len(figures['on'])})")


@contextlib.contextmanager
def lab(folder: Path, **settings: str) -> Iterator[Lab]:
    folder.mkdir()
    with servers.lab(folder, **settings) as server:
        mine = [one for one in servers.processes(server)[1:] if "jupyter_app" in " ".join(one.cmdline())]
        if not mine:
            sys.exit("no process of Jupyter's server found below the launcher: has its command line changed?")
        yield Lab(server, mine[0])


@contextlib.contextmanager
def page(one: Lab, source: str) -> Iterator[tuple[Path, str, websocket.WebSocket]]:
    """Open a notebook with one cell as a page does, and run it; its kernel is ended after the block."""
    server, name, client = one.server, f"{uuid.uuid4().hex[:8]}.ipynb", str(uuid.uuid4())
    file = write_notebook(server.root_dir / name, source)
    kernels.api(server, "GET", f"api/contents/{name}?content=1&type=notebook")
    body = {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
    session = kernels.api(server, "POST", "api/sessions", body)
    kernel = session["kernel"]["id"]
    socket = kernels.connect(server, kernel, client)
    with contextlib.suppress(Exception):  # not there where outputs are not kept
        asked: dict[str, Any] = {"client": client, "path": name, "known": {}, "base": None}
        kernels.api(server, "POST", f"jupyter-utils/outputs/{kernel}", asked)
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "", "session": client}
    cell = json.loads(file.read_text())["cells"][0]["id"]
    message: dict[str, Any] = {"header": header, "parent_header": {}, "metadata": {"cellId": cell}, "channel": "shell"}
    socket.send(json.dumps(message | {"content": {"code": source, "silent": False, "store_history": True}}))
    try:
        yield file, kernel, socket
    finally:
        socket.close()
        kernels.api(server, "DELETE", f"api/sessions/{session['id']}")


def until(what: Any) -> None:
    deadline = time.monotonic() + LIMIT
    while not what():
        if time.monotonic() > deadline:
            sys.exit("not in time")
        time.sleep(0.02)


def printing(one: Lab, prints: int, how: str) -> tuple[float, float]:
    """Return seconds that a cell takes to print, by its own clock, and the server's processor's seconds."""
    done = one.server.root_dir / f"{uuid.uuid4().hex}.done"
    gate = done.with_suffix(".go")
    source = (
        f"import pathlib, time\nwhile not pathlib.Path({gate.name!r}).exists(): time.sleep(0.01)\n"
        f"began = time.time()\nfor i in range({prints}): print(i, flush=True)\n"
        f"pathlib.Path({done.name!r}).write_text(str(time.time() - began))"
    )
    with page(one, source) as (_, _, socket):
        time.sleep(2)
        if how == "listens":
            reader = threading.Thread(target=drain, args=(socket,), daemon=True)
            reader.start()
        else:
            socket.close()
            time.sleep(1)
        before = one.seconds()
        gate.touch()
        until(lambda: done.exists() and done.read_text())
        last = one.seconds()
        until(lambda: is_quiet(one))  # what is on its way costs, too
        return float(done.read_text()), max(last, one.seconds()) - before


def is_quiet(one: Lab) -> bool:
    before = one.seconds()
    time.sleep(1)
    return one.seconds() - before < 0.1


def drain(socket: websocket.WebSocket) -> None:
    with contextlib.suppress(Exception):
        while True:
            socket.recv()


def flood(one: Lab, megabytes: int) -> tuple[int, int, int]:
    """Return the largest memory above that at rest, what is left of it in the end, and the notebook's size: bytes."""
    done = one.server.root_dir / f"{uuid.uuid4().hex}.done"
    line = "x" * 999
    source = (
        f"import pathlib, time\ntime.sleep(4)\nfor i in range({megabytes} * 1000): print({line!r})\n"
        f"print('the end')\npathlib.Path({done.name!r}).touch()"
    )
    with page(one, source) as (file, _, socket):
        time.sleep(1)
        socket.close()
        rest = largest = one.process.memory_info().rss
        deadline = None
        while deadline is None or time.monotonic() < deadline:
            largest = max(largest, one.process.memory_info().rss)
            if deadline is None and done.exists():
                deadline = time.monotonic() + 15
            time.sleep(0.05)
        return largest - rest, one.process.memory_info().rss - rest, file.stat().st_size


if __name__ == "__main__":
    main()
