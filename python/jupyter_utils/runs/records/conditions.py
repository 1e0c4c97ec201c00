"""Under which conditions a run was computed: machine, threads, GPUs, what was fixed; no library is imported for it."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.entries.entry import ARTIFACTS
from jupyter_utils.machine.gpus import query_library
from jupyter_utils.machine.hardware import hardware
from jupyter_utils.machine.variables import COMPUTING, given

from .recorded import Recorded
from .seeds import last_fixed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FILE = f"{OWN_FOLDER}/machine.json"
_FORMAT = 1

# What torch says of how it computes: name -> how it is asked. None of these starts CUDA.
_SWITCHES: Mapping[str, Callable[[Any], Any]] = {
    "deterministic": lambda torch: torch.are_deterministic_algorithms_enabled(),
    "deterministic_warn_only": lambda torch: torch.is_deterministic_algorithms_warn_only_enabled(),
    "cudnn_deterministic": lambda torch: torch.backends.cudnn.deterministic,
    "cudnn_benchmark": lambda torch: torch.backends.cudnn.benchmark,
    "float32_matmul_precision": lambda torch: torch.get_float32_matmul_precision(),
    "cudnn_allow_tf32": lambda torch: torch.backends.cudnn.allow_tf32,
    "default_dtype": lambda torch: str(torch.get_default_dtype()),
    "cpu_capability": lambda torch: torch.backends.cpu.get_cpu_capability(),
    "threads": lambda torch: torch.get_num_threads(),
    "threads_between_operations": lambda torch: torch.get_num_interop_threads(),
}


def conditions() -> dict[str, Any]:
    """Describe them as plain data: `system`, `processor`, `memory`, `gpus`, `torch`, `libraries`, `variables`, `seeds`.

    Sizes are in bytes. `seeds` is None where `fix_seeds` was not called; `libraries` are those that compute in
    threads of their own (BLAS, OpenMP), with the processor that they have chosen their code for.
    """
    return {
        "format": _FORMAT,
        **hardware(),
        "gpus": _gpus(),
        "torch": _torch(),
        "libraries": _libraries(),
        "variables": {name: value for name in COMPUTING if (value := given(name))},
        "hash_randomization": bool(sys.flags.hash_randomization),
        "seeds": asdict(fixed) if (fixed := last_fixed()) else None,
    }


def record_conditions(directory: Path) -> Recorded:
    """Write them as the artifact `jupyter_utils/machine.json` below `directory`, and return the tags that show them."""
    found = conditions()
    path = directory / ARTIFACTS / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
    tags = {"jupyter_utils.processor": found["processor"].get("model", found["system"]["machine"])}
    if found["gpus"]:
        tags["jupyter_utils.gpus"] = ", ".join(gpu["name"] for gpu in found["gpus"])
        tags["jupyter_utils.driver"] = found["gpus"][0]["driver"]
    if found["seeds"]:
        tags["jupyter_utils.seed"] = str(found["seeds"]["seed"])
    if (found["torch"] or {}).get("deterministic"):
        tags["jupyter_utils.deterministic"] = "true"
    return Recorded(tags)


@cache
def _gpus() -> list[dict[str, Any]]:
    with suppress(OSError, ImportError):  # the doctor says why a driver does not answer
        return [asdict(gpu) for gpu in query_library()]
    return []


def _torch() -> dict[str, Any] | None:
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    found = {"version": str(torch.__version__), "cuda": torch.version.cuda}
    for name, ask in _SWITCHES.items():
        with suppress(Exception):  # what another torch does not know, or refuses to say, is left out
            found[name] = ask(torch)
    if torch.version.cuda:
        with suppress(Exception):
            found["cudnn"] = torch.backends.cudnn.version()
    return found


def _libraries() -> list[dict[str, Any]]:
    if "numpy" not in sys.modules:
        return []
    with suppress(ImportError):  # scikit-learn brings it
        import threadpoolctl

        found = sorted(threadpoolctl.threadpool_info(), key=lambda one: str(one.get("filepath")))
        return [{name: value for name, value in one.items() if name != "filepath"} for one in found]
    return []
