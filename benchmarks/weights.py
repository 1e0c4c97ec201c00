"""How long a large model takes until it is on the disk, beside the plain way and beside the disk alone.

    python benchmarks/weights.py http://127.0.0.1:15000 [--gib 1] [--times 3] [--device cuda]

Each way runs in a process of its own, in turn, against the same server and on the same disk. Plain is `torch.save`,
`log_artifact` and `sync`; the disk alone is `dd conv=fsync`. Time is that until the bytes are safe; memory is the most
that was taken beside the model. The limits are those of the project; the exit code is 1 when one is not kept.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

GIB = 2**30
PLAIN, DISK, SHA256, MEMORY_MIB = 0.6, 1.6, 1.3, 256
WAYS = ("plain", "x.pt", "x.safetensors", "transformers")
LOADED = "x.pt"


def model(way: str, size: float, device: str) -> Any:
    """Make a model of about `size` GiB in bfloat16."""
    import torch

    if way == "transformers":
        import transformers

        width = 1024
        layers = max(1, round(size * GIB / 2 / (12 * width * width)))
        config = transformers.GPT2Config(vocab_size=1000, n_embd=width, n_layer=layers, n_head=8, n_positions=64)
        with torch.device(device):
            return transformers.GPT2LMHeadModel._from_config(config, dtype=torch.bfloat16)  # noqa: SLF001
    blocks = max(1, round(size * GIB / 2 / (4096 * 4096)))
    layers = [torch.nn.Linear(4096, 4096, bias=False, device=device, dtype=torch.bfloat16) for _ in range(blocks)]
    return torch.nn.Sequential(*layers)


def resident(name: str) -> int:
    """Return a figure of this process's memory in MiB: VmRSS is what it has, VmHWM the most that it had."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(name))) // 1024


def save(way: str, made: Any, uri: str) -> None:
    """Store a model by one of the ways; returns when it is on the disk."""
    if way == "plain":
        import mlflow
        import torch

        with tempfile.TemporaryDirectory(dir=".") as folder, mlflow.start_run():
            state = {name: tensor.cpu() for name, tensor in made.state_dict().items()}
            torch.save(state, Path(folder, "x.pt"))
            mlflow.log_artifact(str(Path(folder, "x.pt")), "model")
            os.sync()
        return
    import jupyter_utils

    jupyter_utils.save_mlflow("benchmark", model={way: made}, do_commit=False, mlf_uri=uri)


def child(way: str, uri: str, size: float, device: str) -> None:
    """Run one way, and print seconds and MiB."""
    import mlflow

    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("benchmark")
    save(way, model(way, 0.03, device), uri)  # warm: imports and connections
    made = model(way, size, device)
    os.sync()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the most that was
    before, start = resident("VmRSS"), time.perf_counter()
    save(way, made, uri)
    seconds = time.perf_counter() - start
    sys.stdout.write(json.dumps({"seconds": seconds, "mib": resident("VmHWM") - before}) + "\n")


def load(uri: str, size: float) -> None:
    """Store a model, load it into an empty cache, and print seconds, and those of sha256sum of the same file."""
    import jupyter_utils

    made = model(LOADED, size, "cpu")
    run = jupyter_utils.save_mlflow("benchmark", model={LOADED: made}, do_commit=False, mlf_uri=uri).run_id
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        start = time.perf_counter()
        back = jupyter_utils.load_mlflow(str(run), uri).model[LOADED]
        seconds = time.perf_counter() - start
        assert list(back) == list(made.state_dict())
        (file,) = Path(folder).rglob(LOADED)
        start = time.perf_counter()
        subprocess.run(["sha256sum", file], check=True, stdout=subprocess.DEVNULL)
        own = time.perf_counter() - start
    sys.stdout.write(json.dumps({"seconds": seconds, "sha256sum": own, "mib": 0}) + "\n")


def disk(size: float) -> dict[str, float]:
    """Write as many bytes with dd."""
    os.sync()
    start = time.perf_counter()
    count = round(size * GIB / 2**23)
    command = ["dd", "if=/dev/zero", "of=dd.bin", "bs=8M", f"count={count}", "conv=fsync", "status=none"]
    subprocess.run(command, check=True)
    seconds = time.perf_counter() - start
    Path("dd.bin").unlink()
    return {"seconds": seconds, "mib": 0}


def one(way: str, arguments: argparse.Namespace) -> dict[str, float]:
    """Run one way in a process of its own."""
    command = [sys.executable, __file__, arguments.uri, "--child", way]
    command += ["--gib", str(arguments.gib), "--device", arguments.device]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> int:
    """Run all ways in turn, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("uri", nargs="?", default=os.environ.get("MLFLOW_TRACKING_URI", "http://127.0.0.1:15000"))
    parser.add_argument("--gib", type=float, default=1)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--child")
    arguments = parser.parse_args()
    if arguments.child == "load":
        load(arguments.uri, arguments.gib)
        return 0
    if arguments.child:
        child(arguments.child, arguments.uri, arguments.gib, arguments.device)
        return 0
    ways: dict[str, Callable[[], dict[str, float]]] = {"dd": lambda: disk(arguments.gib)}
    ways |= {way: (lambda way=way: one(way, arguments)) for way in WAYS}  # type: ignore[misc]
    found: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    for _ in range(arguments.times):
        for way, run in ways.items():
            found[way].append(run())
    times = {way: statistics.median(run["seconds"] for run in runs) for way, runs in found.items()}
    kept = True
    sys.stdout.write("way           | seconds (spread)     | of plain | of dd | MiB beside the model\n")
    for way, runs in found.items():
        spread = f"{min(run['seconds'] for run in runs):.2f} to {max(run['seconds'] for run in runs):.2f}"
        memory = max(run["mib"] for run in runs)
        of_plain, of_disk = times[way] / times["plain"], times[way] / times["dd"]
        line = f"{way:13} | {times[way]:6.2f} ({spread}) | {of_plain:8.2f} | {of_disk:5.2f} | {memory:5.0f}"
        good = way in {"dd", "plain"} or (of_plain <= PLAIN and of_disk <= DISK and memory <= MEMORY_MIB)
        kept &= good
        sys.stdout.write(line + ("\n" if good else "  NOT KEPT\n"))
    sys.stdout.write(f"limits: {PLAIN} of plain, {DISK} of dd, {MEMORY_MIB} MiB\n")
    loads = [one("load", arguments) for _ in range(arguments.times)]
    seconds, own = (statistics.median(run[name] for run in loads) for name in ("seconds", "sha256sum"))
    kept &= seconds <= SHA256 * own
    sys.stdout.write(f"loading {LOADED}: {seconds:.2f} s, {seconds / own:.2f} of sha256sum; at most {SHA256}\n")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
