"""What it costs to start: figures for docs/en/how-it-is-built.md and for whoever changes a launcher.

    nix run .#debian.python -- benchmarks/start.py [--runs N]

Prints, as measured now on this machine: seconds from the command to HTTP 200 of both servers, MLflow's proportional
memory at rest, seconds to evaluate `.#debian.lab`, and seconds to rebuild it after a change of a launcher.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from jupyter_utils.machine.readiness import answers
from servers import Started, processes, started

NIX = ["nix", "--extra-experimental-features", "nix-command flakes", "--option", "substituters", ""]
REST = 5.0
"""Seconds after which a server that nobody asks anything is at rest."""


def main() -> None:
    """Measure and print one line a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="how often each figure is measured (default 5)")
    runs = parser.parse_args().runs
    jupyter, mlflow, memory = [], [], []
    for _ in range(runs + 1):
        times, pss = one_start()
        jupyter.append(times["jupyter"])
        mlflow.append(times["mlflow"])
        memory.append(pss)
    # The first start is the one that warms the disk's cache.
    show("JupyterLab answers after", jupyter[1:], "s")
    show("MLflow answers after", mlflow[1:], "s")
    show("MLflow's proportional memory at rest", memory[1:], "GB")
    show("evaluation of .#debian.lab", [evaluation() for _ in range(runs)], "s")
    show("rebuild after a change of a launcher", [rebuild(number) for number in range(min(runs, 3))], "s")


def show(what: str, values: list[float], unit: str) -> None:
    """Print median, minimum and maximum."""
    spread = f"min {min(values):.2f}, max {max(values):.2f}, n={len(values)}"
    sys.stdout.write(f"{what:40} {statistics.median(values):7.2f} {unit}   ({spread})\n")
    sys.stdout.flush()


def one_start() -> tuple[dict[str, float], float]:
    """Start the lab in an empty folder; return seconds until each server answers, and MLflow's GB at rest."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, started("lab", Path(folder)) as lab:
        urls = {"jupyter": f"{lab.jupyter_url}/api", "mlflow": f"{lab.mlflow_url}/health"}
        times: dict[str, float] = {}
        while len(times) < len(urls):
            for name, url in urls.items():
                if name not in times and answers(url):
                    times[name] = time.monotonic() - begin
            time.sleep(0.02)
        time.sleep(REST)
        return times, mlflow_memory(lab)


def mlflow_memory(lab: Started) -> float:
    """Return the proportional set size of all processes of the MLflow server, in GB."""
    server = [process for process in processes(lab)[1:] if "mlflow" in " ".join(process.cmdline())]
    if not server:
        sys.exit("no MLflow process found below the launcher: has its command line changed?")
    tree = {child for process in server for child in [process, *process.children(recursive=True)]}
    return sum(process.memory_full_info().pss for process in tree) / 1e9


def evaluation() -> float:
    """Return the seconds of one evaluation without Nix's cache of evaluations."""
    begin = time.monotonic()
    command = [*NIX, "eval", "--raw", "--option", "eval-cache", "false", ".#debian.lab.drvPath"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.monotonic() - begin


def rebuild(number: int) -> float:
    """Return the seconds of building the lab again after a line was added to a launcher."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        for name in ("nix", "python"):
            shutil.copytree(ROOT / name, Path(folder) / name)
        build = [*NIX, "build", "--no-link", "-f", f"{folder}/nix/debian", "lab"]
        subprocess.run(build, check=True, capture_output=True)
        with (Path(folder) / "python" / "jupyter_utils" / "cli.py").open("a") as stream:
            stream.write(f"\n# {number} {time.time()}\n")
        begin = time.monotonic()
        subprocess.run(build, check=True, capture_output=True)
        return time.monotonic() - begin


if __name__ == "__main__":
    main()
