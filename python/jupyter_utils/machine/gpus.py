"""The GPUs of this machine, as NVIDIA's management library (NVML) describes them, without starting CUDA."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Gpu:
    """A GPU as the driver describes it.

    Attributes:
        name: e.g. NVIDIA H200.
        driver: e.g. 580.95.05.
        capability: its generation, (major, minor), e.g. (9, 0).
        memory: in bytes; 0 where it is not known.
        uuid: by which `CUDA_VISIBLE_DEVICES` may name it; empty where it is not known.
    """

    name: str
    driver: str
    capability: tuple[int, int]
    memory: int = 0
    uuid: str = ""

    @property
    def driver_series(self) -> int:
        """The number that NVIDIA's requirements are given in."""
        return int(self.driver.partition(".")[0])


_NVML = "libnvidia-ml.so.1"
# Where drivers are that the loader does not find by itself: nix/shared/driver-folders.json, and what containers mount.
_FOLDERS = (
    *("/run/opengl-driver/lib", "/usr/lib/wsl/lib", "/usr/local/nvidia/lib64", "/usr/local/nvidia/lib"),
    *("/usr/lib/x86_64-linux-gnu", "/usr/lib64"),
)


class NoLibraryError(OSError):
    """NVML's library is not on this machine, or not where the system looks."""


def query_library() -> list[Gpu]:
    """Ask NVML for the GPUs of this machine, whatever `CUDA_VISIBLE_DEVICES` says; 13 ms the first time.

    Raises:
        NoLibraryError: there is no such library here.
        OSError: the driver does not answer, as where its module and its libraries differ; the message says why.
    """
    import pynvml

    with _library() as driver:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        return [_described(handle, driver) for handle in handles]


def _find_library() -> None:
    """Load NVML from a driver's folder, unless the loader finds it: then pynvml gets the one that is loaded."""
    for path in (_NVML, *(f"{folder}/{_NVML}" for folder in _FOLDERS)):
        with suppress(OSError):
            ctypes.CDLL(path)
            return


@contextmanager
def _library() -> Iterator[str]:
    import pynvml

    _find_library()
    try:
        pynvml.nvmlInit()
    except (pynvml.NVMLError_LibraryNotFound, pynvml.NVMLError_FunctionNotFound) as error:
        raise NoLibraryError(str(error)) from error
    except pynvml.NVMLError as error:
        raise OSError(str(error)) from error
    try:
        yield str(pynvml.nvmlSystemGetDriverVersion())
    except pynvml.NVMLError as error:
        raise OSError(str(error)) from error
    finally:
        with suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _described(handle: object, driver: str) -> Gpu:
    import pynvml

    memory = 0
    with suppress(pynvml.NVMLError):  # GPUs that share the machine's memory have none of their own
        memory = int(pynvml.nvmlDeviceGetMemoryInfo(handle).total)
    return Gpu(
        name=str(pynvml.nvmlDeviceGetName(handle)),
        driver=driver,
        capability=tuple(pynvml.nvmlDeviceGetCudaComputeCapability(handle)),
        memory=memory,
        uuid=str(pynvml.nvmlDeviceGetUUID(handle)),
    )
