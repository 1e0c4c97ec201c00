"""How fast `save_mlflow` brings large and many files to MLflow, beside the way of the program that it replaces.

    python benchmarks/upload.py http://127.0.0.1:15000 [http://ADDRESS:15000]

The first address is that of the lab's own MLflow, started on this machine by the same user; the second one that of the
same or another server, to which everything goes through HTTP. The replaced program sends to a server as it had one,
`mlflow server` with its defaults, which is started on this machine for the time; its way to the lab's server is shown
as well. Same data, one process, the ways in turn; each figure is the best of several. The limits are those of the
project; the exit code is 1 when one is not kept.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import jupyter_utils
import mlflow
import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LARGE = 2**30
COUNT, SMALL = 2000, 2048
TIMES = int(os.environ.get("TIMES", "3"))
NOBODY = "http://127.0.0.1:9"
MEMORY_LIMIT = 150


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def seconds(work: Callable[[], object]) -> float:
    os.sync()  # nobody pays for what another one left to be written
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def replaced(data: Path, name: str, uri: str) -> None:
    """Store a path as the replaced program did: copied to a dump, the dump copied, sent one file after the other."""
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("benchmark")
    with tempfile.TemporaryDirectory(dir=data.parent) as dump, mlflow.start_run():
        target = Path(dump) / "dump" / "dataset" / name
        target.parent.mkdir(parents=True)
        (shutil.copytree if data.is_dir() else shutil.copyfile)(data, target)
        shutil.copytree(Path(dump) / "dump", Path(dump) / "copy")
        mlflow.log_artifacts(str(Path(dump) / "copy"))


def ours(data: Path, name: str, uri: str, *, fsync: str = "on") -> None:
    """Store the same with `save_mlflow`."""
    os.environ["JUPYTER_UTILS_FSYNC"] = fsync
    result = jupyter_utils.save_mlflow("benchmark", dataset={name: data}, do_commit=False, mlf_uri=uri)
    assert result.is_stored, result


def compare(what: str, ways: dict[str, Callable[[], object]], least: float) -> bool:
    """Time the ways in turn; the first is the replaced program's. True if the second is as many times faster."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(TIMES):
        for name, work in ways.items():
            best[name] = min(best[name], seconds(work))
    theirs, mine, *_ = best.values()
    for name, taken in best.items():
        say(f"{what}, {name}: {taken:.2f} s ({theirs / taken:.1f} times as fast)")
    kept = theirs / mine >= least
    say(f"  at least {least:g} times: {'kept' if kept else 'NOT KEPT'}")
    return kept


@contextlib.contextmanager
def plain_server(folder: Path) -> Iterator[str]:
    """Run MLflow's server as it comes, as the replaced program did; give its address."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    folder.mkdir()
    stores = [f"--backend-store-uri=sqlite:///{folder}/mlflow.db", f"--artifacts-destination={folder}/artifacts"]
    command = [sys.executable, "-m", "mlflow", "server", "--host=127.0.0.1", f"--port={port}", *stores]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            deadline = time.monotonic() + 120
            while True:
                with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                    break
                if server.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"mlflow server does not start:\n{(folder / 'log').read_text()}")
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def compare_ways(what: str, data: Path, uri: str, plain: str, least: float, **more: Callable[[], object]) -> bool:
    """Time the replaced program's way to its own server, ours, and the replaced program's to our server."""
    ways: dict[str, Callable[[], object]] = {
        "replaced": lambda: replaced(data, "data", plain),
        "ours": lambda: ours(data, "data", uri),
        "replaced, to our server": lambda: replaced(data, "data", uri),
        **more,
    }
    return compare(what, ways, least)


def local(folder: Path, uri: str, plain: str) -> list[bool]:
    """Measure the lab's own MLflow."""
    kept = []
    for what, data, least in (("1 GB to the lab", folder / "large", 3), ("2,000 files to the lab", folder / "many", 5)):
        more = {"ours without fsync": lambda data=data: ours(data, "data", uri, fsync="off")}
        kept.append(compare_ways(what, data, uri, plain, least, **more))
    return kept


def remote(folder: Path, uri: str, plain: str) -> list[bool]:
    """Measure through HTTP."""
    os.environ["JUPYTER_UTILS_LOCAL_ARTIFACTS"] = "off"
    large, many = folder / "large", folder / "many"
    return [
        compare_ways("1 GB over HTTP", large, uri, plain, 1.2),
        compare_ways("2,000 files over HTTP", many, uri, plain, 4),
    ]


def memory(folder: Path, uri: str) -> bool:
    """Measure by how much the resident set grows at most while 1 GB is sent through HTTP."""
    process = psutil.Process()
    before = peak = process.memory_info().rss
    ended = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.005):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    os.environ["JUPYTER_UTILS_LOCAL_ARTIFACTS"] = "off"
    ours(folder / "large", "data", uri)
    ended.set()
    watcher.join()
    grown = (peak - before) / 2**20
    say(f"peak memory over the caller's own for 1 GB: {grown:.0f} MB; at most {MEMORY_LIMIT}")
    return grown <= MEMORY_LIMIT


def down(folder: Path) -> bool:
    """Measure the call with the server down, beside one of MLflow's own."""
    taken = seconds(
        lambda: jupyter_utils.save_mlflow(
            "benchmark", dataset={"data": folder / "many" / "0000.bin"}, do_commit=False, mlf_uri=NOBODY
        )
    )
    say(f"server down: {taken:.2f} s; at most 3 (the replaced program's: 248 s, then an error)")
    return taken <= 3


def main() -> int:
    """Make the data, measure, clean up."""
    near = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:15000"
    far = sys.argv[2] if len(sys.argv) > 2 else near
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as place:
        folder = Path(place)
        os.environ["JUPYTER_UTILS_SPOOL_DIR"] = str(folder / "spool")
        with (folder / "large").open("wb") as file:
            for _ in range(LARGE // 2**20):
                file.write(os.urandom(2**20))
        (folder / "many").mkdir()
        for number in range(COUNT):
            (folder / "many" / f"{number:04}.bin").write_bytes(os.urandom(SMALL))
        subprocess.run(["sync"], check=True)
        with plain_server(folder / "plain") as plain:
            for warm_up, server in ((ours, near), (replaced, near), (replaced, plain)):
                warm_up(folder / "many" / "0000.bin", "data", server)
            kept = [*local(folder, near, plain), memory(folder, far), *remote(folder, far, plain)]
        kept.append(down(folder))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
