"""GPU, driver and torch, and whether the three fit each other."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .finding import Finding, error, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jupyter_utils.settings import Settings

# The lowest Linux driver of each CUDA generation: "CUDA Compatibility" in NVIDIA's documentation, minor version
# compatibility.
MINIMUM_DRIVER = {11: 450, 12: 525, 13: 580}
# WSL2 puts the driver's tools where no PATH looks.
_ELSEWHERE = ("/usr/lib/wsl/lib/nvidia-smi", "/run/current-system/sw/bin/nvidia-smi")
_DEVICES = ("/dev/nvidiactl", "/dev/dxg")
_UPDATE = (
    "install NVIDIA's driver of the {minimum} series or newer (under WSL2: on Windows), or use the CPU environment"
)


@dataclass(frozen=True)
class Gpu:
    """A GPU as the driver describes it.

    Attributes:
        name: e.g. NVIDIA H200.
        driver: e.g. 580.95.05.
        capability: its generation, (major, minor), e.g. (9, 0).
    """

    name: str
    driver: str
    capability: tuple[int, int]

    @property
    def driver_series(self) -> int:
        """The number that NVIDIA's requirements are given in."""
        return int(self.driver.partition(".")[0])


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
    """Ask `nvidia-smi` for the GPUs; empty where there is no such command and no device.

    Raises:
        OSError: there is a device, but no command, or it cannot be started.
        subprocess.SubprocessError: the command fails, as it does where module and libraries of the driver differ.
        ValueError: its answer is not understood.
    """
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


def _listed(torch: Torch) -> str:
    return ", ".join(torch.architectures)


def _none(torch: Torch) -> Finding:
    if torch.cuda is None:
        return ok("GPU", "none, and this is the CPU environment")
    minimum = MINIMUM_DRIVER.get(torch.cuda, max(MINIMUM_DRIVER.values()))
    return error(
        "GPU", "none, or its driver is missing, but this is the GPU environment", _UPDATE.format(minimum=minimum)
    )


def _driver_failure(torch: Torch, failure: Exception) -> Finding:
    said = getattr(failure, "stdout", None) or failure
    message = f"the driver does not answer: {str(said).strip()}"
    remedy = "restart the machine (after an update of the driver it must be), or install the driver again"
    return error("GPU driver", message, remedy) if torch.cuda else warning("GPU driver", message, remedy)
