"""GPU, driver and torch, and whether the three fit each other."""

from __future__ import annotations

import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_utils.machine.gpus import Gpu, NoLibraryError, query_library
from jupyter_utils.machine.variables import given, raw

from .finding import Finding, error, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jupyter_utils.settings import Settings

# The lowest Linux driver of each CUDA generation: "CUDA Compatibility" in NVIDIA's documentation, minor version
# compatibility.
MINIMUM_DRIVER = {11: 450, 12: 525, 13: 580}
# WSL2 puts the driver's tools where no PATH looks.
_ELSEWHERE = ("/usr/lib/wsl/lib/nvidia-smi", "/run/current-system/sw/bin/nvidia-smi")
_CHOICE = "CUDA_VISIBLE_DEVICES"
_DEVICES = ("/dev/nvidiactl", "/dev/dxg")
_UPDATE = (
    "install NVIDIA's driver of the {minimum} series or newer (under WSL2: on Windows), or use the CPU environment"
)
_GIVE = (
    "start the container with its GPUs: docker-compose -f docker-compose.yml -f docker-compose.gpu.yml up -d, or "
    "docker run --gpus all; the host needs NVIDIA's driver of the {minimum} series or newer and the NVIDIA container "
    "toolkit"
)
_AGAIN = (
    "docker-compose up -d --force-recreate jupyterlab, with the files of the first time, or docker rm and docker run"
)
# "Troubleshooting" of the NVIDIA container toolkit: containers lose access to their GPUs.
_RECREATE = (
    f"make the container anew, nothing in ./volume is lost: {_AGAIN}. The machine needs no restart: `systemctl "
    'daemon-reload` on the host takes GPUs from containers that run. For good: "exec-opts": '
    '["native.cgroupdriver=cgroupfs"] in its /etc/docker/daemon.json. If a new container says the same, ask nvidia-smi '
    "on the host"
)
_UPDATED = f"if nvidia-smi on the host says the same, restart it; then make the container anew: {_AGAIN}"


@dataclass(frozen=True)
class Torch:
    """The installed torch: the CUDA major version that it is built for (None: CPU), its GPU code, what it can use."""

    cuda: int | None
    architectures: tuple[str, ...] = ()
    available: bool = False


def gpus(_settings: Settings) -> Iterator[Finding]:
    """Check every GPU against the driver and torch."""
    torch = installed_torch()
    if torch is None:
        yield warning("torch", "is not installed", "nothing to do, unless notebooks are to use it")
        return
    try:
        found = query_driver()
    except (OSError, subprocess.SubprocessError, ValueError) as failure:
        yield _driver_failure(torch, failure)
        return
    if not found:
        yield _none(torch)
        return
    for gpu in found:
        yield examine(gpu, torch)
    yield from _hidden(found)
    if torch.cuda and not torch.available:
        yield error(
            "GPU",
            "torch cannot use it, although the driver answers",
            "libcuda.so.1 is probably not found: start through this project's own commands (lab-gpu), and containers "
            "with the NVIDIA container toolkit",
        )


def installed_torch() -> Torch | None:
    """Return what the installed torch is built for; None without torch."""
    try:
        import torch  # takes seconds
    except ImportError:
        return None
    version = torch.version.cuda
    if version is None:
        return Torch(None)
    available = torch.cuda.is_available()
    return Torch(int(version.partition(".")[0]), tuple(_architectures(torch)), available)


def _architectures(torch: Any) -> Sequence[str]:
    # torch.cuda.get_arch_list() is empty where no GPU can be used; the list is compiled in all the same.
    flags = torch._C._cuda_getArchFlags()  # noqa: SLF001 - nothing public tells
    return (flags or "").split()


def query_driver() -> list[Gpu]:
    """Ask the driver for the GPUs, by NVML, else by `nvidia-smi`; empty where there is neither and no device.

    Raises:
        OSError: there is a device, but no command, or it cannot be started.
        subprocess.SubprocessError: the command fails, as it does where module and libraries of the driver differ.
        ValueError: its answer is not understood.
    """
    with suppress(NoLibraryError):
        return query_library()
    command = shutil.which("nvidia-smi") or next((path for path in _ELSEWHERE if Path(path).exists()), None)
    if command is None:
        if any(Path(device).exists() for device in _DEVICES):
            raise FileNotFoundError("there is a GPU device, but no nvidia-smi")
        return []
    query = [command, "--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True, timeout=30, check=True).stdout
    return [_parse(line) for line in answer.splitlines() if line.strip()]


def _parse(line: str) -> Gpu:
    name, driver, capability = (part.strip() for part in line.rsplit(",", 2))
    major, minor = capability.split(".")
    return Gpu(name, driver, (int(major), int(minor)))


def examine(gpu: Gpu, torch: Torch) -> Finding:
    """Say whether torch can use this GPU with this driver."""
    if torch.cuda is None:
        return warning("GPU", f"{gpu.name} is not used: this is the CPU environment", "start the GPU one: lab-gpu")
    minimum = MINIMUM_DRIVER.get(torch.cuda, max(MINIMUM_DRIVER.values()))
    if gpu.driver_series < minimum:
        message = f"{gpu.name} has driver {gpu.driver}; torch for CUDA {torch.cuda} needs {minimum} or newer"
        return error("GPU driver", message, _UPDATE.format(minimum=minimum))
    if not supports(torch.architectures, gpu.capability):
        generation = ".".join(map(str, gpu.capability))
        message = f"{gpu.name} is of generation {generation}, for which this torch has no code ({_listed(torch)})"
        return error("GPU", message, "use the CPU environment, or a newer GPU")
    return ok("GPU", f"{gpu.name}, driver {gpu.driver}, torch for CUDA {torch.cuda}")


def supports(architectures: Sequence[str], capability: tuple[int, int]) -> bool:
    """Return whether code for one of `architectures` runs on a GPU of this generation.

    Binary code (`sm_86`) runs on its own major version from its minor version on; intermediate code (`compute_120`) on
    anything newer: NVIDIA's "CUDA C++ Programming Guide", chapter "Compute Capabilities".

    Args:
        architectures: as `torch.cuda.get_arch_list()` gives them.
        capability: (major, minor).
    """
    for architecture in architectures:
        if match := re.fullmatch(r"(sm|compute)_(\d+)(\d)[af]?", architecture):
            kind, version = match[1], (int(match[2]), int(match[3]))
            if version <= capability and (kind == "compute" or version[0] == capability[0]):
                return True
    return False


def _hidden(found: Sequence[Gpu]) -> Iterator[Finding]:
    """Say which of the GPUs torch and other programs may use, where a variable chooses."""
    chosen = raw(_CHOICE)
    if chosen is None:
        return
    seen = visible(chosen, found)
    said = f"{_CHOICE}={chosen!r} shows {len(seen)} of {len(found)} GPUs"
    if seen:
        yield ok("GPUs", f"{said}: {', '.join(gpu.name for gpu in seen)}")
    else:
        yield warning("GPUs", said, f"unset {_CHOICE} to use them, or name one by its number, from 0 on")


def visible(chosen: str, found: Sequence[Gpu]) -> list[Gpu]:
    """Return the GPUs that `CUDA_VISIBLE_DEVICES` leaves: "CUDA Environment Variables" in NVIDIA's documentation.

    Args:
        chosen: its value: numbers, or beginnings of UUIDs, with commas between; the first that is none ends the list.
        found: the GPUs of the machine, in the order of the numbers.
    """
    seen: list[Gpu] = []
    for one in (part.strip() for part in chosen.split(",")):
        named = [gpu for gpu in found if gpu.uuid.startswith(one)] if one.startswith("GPU-") else []
        if one.isdigit() and int(one) < len(found):
            named = [found[int(one)]]
        if len(named) != 1 or named[0] in seen:
            break
        seen += named
    return seen


def _listed(torch: Torch) -> str:
    return ", ".join(torch.architectures)


def _none(torch: Torch) -> Finding:
    if torch.cuda is None:
        return ok("GPU", "none, and this is the CPU environment")
    minimum = MINIMUM_DRIVER.get(torch.cuda, max(MINIMUM_DRIVER.values()))
    remedy = _GIVE.format(minimum=minimum) if _in_container() else _UPDATE.format(minimum=minimum)
    return error("GPU", "none, or its driver is missing, but this is the GPU environment", remedy)


def _driver_failure(torch: Torch, failure: Exception) -> Finding:
    said = str(getattr(failure, "stdout", None) or failure).strip()
    remedy = "restart the machine (after an update of the driver it must be), or install the driver again"
    if _in_container():
        remedy = _UPDATED if "mismatch" in said else _RECREATE
    message = f"the driver does not answer: {said}"
    return error("GPU driver", message, remedy) if torch.cuda else warning("GPU driver", message, remedy)


def _in_container() -> bool:
    return given("JUPYTER_UTILS_PROFILE") == "container"
