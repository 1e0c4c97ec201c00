"""What this machine is: system, processor and memory, as far as they decide what a computation gives."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import psutil

_CPU = Path("/proc/cpuinfo")
_RELEASE = Path("/etc/os-release")
# Of a container or a unit (cgroup v2): what it may use of processor and memory.
_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_LIMIT = Path("/sys/fs/cgroup/memory.max")
# Which of several ways numerical libraries compute a sum is chosen by these: other ways, other last digits.
_DECISIVE = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_bf16", "avx_vnni", "amx_tile", "asimd", "sve", "bf16")


def hardware() -> dict[str, Any]:
    """Describe this machine: `system`, `processor` and `memory`, sizes in bytes; what cannot be known is left out."""
    return {"system": _system(), "processor": _processor(), "memory": _memory()}


@cache
def _system() -> dict[str, str]:
    found = {"kernel": f"{platform.system()} {platform.release()}", "machine": platform.machine()}
    found["libc"] = " ".join(platform.libc_ver())
    with suppress(OSError):
        pairs = dict(line.split("=", 1) for line in _RELEASE.read_text(encoding="utf-8").splitlines() if "=" in line)
        found["distribution"] = pairs.get("PRETTY_NAME", "").strip('"')
    return {name: value for name, value in found.items() if value.strip()}


def _processor() -> dict[str, Any]:
    return {
        **_described(),
        "cores": psutil.cpu_count(logical=False),
        "threads": psutil.cpu_count(),
        "usable": len(os.sched_getaffinity(0)),
        **_quota(),
    }


@cache
def _described() -> dict[str, Any]:
    """Read the first processor's model and the instructions that decide; ARM's kernels give no model."""
    try:
        first = _CPU.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
    except OSError:
        return {}
    pairs = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in first.splitlines())}
    flags = set(pairs.get("flags", pairs.get("Features", "")).split())
    found = {"instructions": [one for one in _DECISIVE if one in flags]}
    return {"model": pairs["model name"], **found} if "model name" in pairs else found


def _quota() -> dict[str, float]:
    with suppress(OSError, ValueError):
        quota, period = _QUOTA.read_text(encoding="ascii").split()
        if quota != "max":
            return {"quota": int(quota) / int(period)}
    return {}


def _memory() -> dict[str, int]:
    found = {"total": psutil.virtual_memory().total}
    with suppress(OSError, ValueError):
        found["limit"] = int(_LIMIT.read_text(encoding="ascii"))
    return found
