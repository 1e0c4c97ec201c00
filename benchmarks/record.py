"""What the record of code and order costs: a save, a cell and a kernel's start, with the record on and off.

    python benchmarks/record.py

Each figure is a median, on and off in turns. The limits are those of the project: 30 ms more for the save of a small
run, 1 ms a cell, 50 ms a kernel's start; the exit code is 1 when one is not kept. No server is needed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

SWITCH = "JUPYTER_UTILS_RECORD_CODE"
ROUNDS = 3
MODULES = 20

TIMED = """
import statistics, sys, time
def timed(work, times):
    taken = []
    for _ in range(times):
        start = time.perf_counter(); work(); taken.append(time.perf_counter() - start)
    print(statistics.median(taken) * 1000)
"""
SAVE = f"""
import jupyter_utils
for number in range({MODULES}):
    __import__(f"helper{{number}}")
save = lambda: jupyter_utils.save_mlflow("cost", params={{"a": 1}}, do_commit=False, mlf_uri="http://127.0.0.1:9")
save()
timed(save, 15)
"""
CELL = """
from IPython.core.interactiveshell import InteractiveShell
from jupyter_utils.kernels import cells
shell = InteractiveShell.instance()
cells.load_ipython_extension(shell)
timed(lambda: shell.run_cell("x = 1", store_history=True), 1000)
"""
START = """
from jupyter_client.manager import start_new_kernel
def start():
    manager, client = start_new_kernel(extra_arguments=["--ext=jupyter_utils.kernels.extension", "--log-level=ERROR"])
    client.stop_channels(); manager.shutdown_kernel(now=True)
timed(start, 5)
"""
LIMITS = {"save of a small run": (SAVE, 30.0), "cell": (CELL, 1.0), "kernel's start": (START, 50.0)}


def measured(code: str, folder: Path, switch: str) -> float:
    """Run code in a Python of its own; the milliseconds that it prints."""
    script = folder / "measured.py"
    script.write_text(TIMED + code, encoding="utf-8")
    own = {"JUPYTER_UTILS_SPOOL_DIR": tempfile.mkdtemp(dir=folder.parent), "IPYTHONDIR": str(folder.parent / "ipython")}
    done = subprocess.run(
        [sys.executable, script],
        cwd=folder,
        env=dict(os.environ) | own | {SWITCH: switch},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])


def repository(folder: Path) -> Path:
    """Make a repository with modules that are committed."""
    tree = folder / "tree"
    tree.mkdir()
    for number in range(MODULES):
        (tree / f"helper{number}.py").write_text(f"x = {number}\n", encoding="utf-8")
    named = ("-c", "user.name=B", "-c", "user.email=b@example.org")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "modules"]):
        subprocess.run(["git", *named, "-C", tree, *command], check=True)
    return tree


def main() -> int:
    """Measure all, and say which limit is kept."""
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        tree = repository(Path(folder))
        for what, (code, limit) in LIMITS.items():
            pairs = [(measured(code, tree, "on"), measured(code, tree, "off")) for _ in range(ROUNDS)]
            on, off = (statistics.median(side) for side in zip(*pairs, strict=True))
            kept &= on - off <= limit
            verdict = "kept" if on - off <= limit else "NOT KEPT"
            sys.stdout.write(f"{what}: {on:.2f} ms on, {off:.2f} ms off; at most {limit:.0f} ms more: {verdict}\n")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
