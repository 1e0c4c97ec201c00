"""What it costs that runs record their inputs: with and without, side by side, in turn.

    python benchmarks/recording.py [--runs N] [--files N]

Prints the start of a kernel, a cell, reading many small files, importing pandas, and the record of a small save with a
handful of inputs; the medians, their difference, and the limit of the project. The exit code is 1 when one is not kept.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import jupyter_utils

SWITCH = "JUPYTER_UTILS_RECORD_INPUTS"
PACKAGE = str(Path(jupyter_utils.__file__).parents[1])

CELLS = """
import json, time
start = time.perf_counter()
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(extra_arguments=["--ext=jupyter_utils.kernels.extension"])
started = time.perf_counter() - start
for _ in range(20):
    client.execute_interactive("x = 1")
start = time.perf_counter()
for _ in range(200):
    client.execute_interactive("x = 1")
print(json.dumps({"kernel": started, "cell": (time.perf_counter() - start) / 200}))
client.stop_channels()
manager.shutdown_kernel(now=True)
"""
READING = """
import json, sys, time
from pathlib import Path
import jupyter_utils
names = [str(path) for path in Path(sys.argv[1]).iterdir()]
def read():
    for name in names:
        with open(name) as file:
            file.read()
start = time.perf_counter()
read()
print(json.dumps({"reading": time.perf_counter() - start}))
"""
IMPORTING = """
import json, time
start = time.perf_counter()
import jupyter_utils
ours = time.perf_counter() - start
start = time.perf_counter()
import pandas, pyarrow.parquet
print(json.dumps({"ours": ours, "pandas": time.perf_counter() - start}))
"""
SAVING = """
import json, time
from pathlib import Path
from types import SimpleNamespace
import jupyter_utils, pandas, torch, pyarrow.parquet, tqdm.auto
from jupyter_utils.runs.records.inputs import record_inputs
for number in range(5):
    open(f"few/{number}").read()
call = SimpleNamespace(notebook=None, spool=SimpleNamespace(path=Path("spool")))
start = time.perf_counter()
record_inputs(call, Path("entry"))
first = time.perf_counter() - start
start = time.perf_counter()
record_inputs(call, Path("entry"))
print(json.dumps({"first save": first, "second save": time.perf_counter() - start}))
"""


def main() -> int:
    """Measure everything, with and without in turn; print one line a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7, help="how often each figure is measured (default 7)")
    parser.add_argument("--files", type=int, default=100_000, help="small files that are read (default 100,000)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, given.files)
        found: dict[str, list[dict[str, float]]] = {"on": [], "off": []}
        for _ in range(given.runs):
            for switch, measured in found.items():
                measured.append(
                    run(folder, CELLS, switch)
                    | run(folder, READING, switch, "many")
                    | run(folder, IMPORTING, switch)
                    | run(folder, SAVING, switch)
                )
    return 0 if report(found, given.files) else 1


def make(folder: Path, files: int) -> None:
    """Write the files that are read."""
    for name, number in (("many", files), ("few", 5)):
        (folder / name).mkdir()
        for one in range(number):
            (folder / name / str(one)).write_text("x" * 1000)


def run(folder: Path, code: str, switch: str, *arguments: str) -> dict[str, float]:
    """Run a script there, as a user's script that is watched; the seconds that it prints."""
    (folder / "work.py").write_text(code)
    environment = os.environ | {"PYTHONPATH": PACKAGE, SWITCH: switch}
    command = [sys.executable, "work.py", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    seconds: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return seconds


def report(found: dict[str, list[dict[str, float]]], files: int) -> bool:
    """Print each figure; tell whether all limits are kept."""
    limits = {"kernel": 0.05, "cell": 0.001, "first save": 0.03, "second save": 0.03}
    kept = True
    for name in found["on"][0]:
        on, off = (statistics.median(one[name] for one in found[switch]) for switch in ("on", "off"))
        limit = off * 0.1 if name == "reading" else limits.get(name)
        fits = limit is None or on - off <= limit
        kept &= fits
        verdict = "" if limit is None else f"; at most {limit * 1000:.1f} more: {'kept' if fits else 'NOT KEPT'}"
        what = f"{name} {files:,} files" if name == "reading" else name
        line = f"{what:22} {on * 1000:9.2f} ms with, {off * 1000:9.2f} ms without, {(on - off) * 1000:+8.2f}{verdict}"
        sys.stdout.write(line + "\n")
    return kept


if __name__ == "__main__":
    sys.exit(main())
