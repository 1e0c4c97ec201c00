"""The machine as a run records it: from the system's own tables, in bytes and cores."""

from __future__ import annotations

import os
import platform
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_utils.doctor import gpu as doctor
from jupyter_utils.machine import gpus, hardware

if TYPE_CHECKING:
    from pathlib import Path


def test_this_machine() -> None:
    """What psutil and the kernel say of it."""
    found = hardware.hardware()
    assert found["system"]["kernel"].endswith(platform.release())
    assert found["memory"]["total"] == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert found["processor"]["usable"] == len(os.sched_getaffinity(0))


def test_what_a_container_may_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its share of the processors and its memory, where the kernel limits them; `max` is no limit."""
    quota, limit = tmp_path / "cpu.max", tmp_path / "memory.max"
    monkeypatch.setattr(hardware, "_QUOTA", quota)
    monkeypatch.setattr(hardware, "_LIMIT", limit)
    quota.write_text("150000 100000\n", encoding="ascii")
    limit.write_text("4294967296\n", encoding="ascii")
    assert hardware.hardware()["processor"]["quota"] == 1.5
    assert hardware.hardware()["memory"]["limit"] == 4 * 2**30
    quota.write_text("max 100000\n", encoding="ascii")
    limit.write_text("max\n", encoding="ascii")
    assert "quota" not in hardware.hardware()["processor"]
    assert "limit" not in hardware.hardware()["memory"]


class _NvmlError(Exception):
    pass


def _nvml(**parts: Any) -> SimpleNamespace:
    """Stand in for NVML with two GPUs, since there is none here."""
    errors = {
        name: type(name, (_NvmlError,), {}) for name in ("LibraryNotFound", "FunctionNotFound", "DriverNotLoaded")
    }
    names = ["NVIDIA H200", "NVIDIA GeForce RTX 3090"]
    whole = {
        "NVMLError": _NvmlError,
        **{f"NVMLError_{name}": error for name, error in errors.items()},
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlSystemGetDriverVersion": lambda: "580.95.05",
        "nvmlDeviceGetCount": lambda: 2,
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetName": names.__getitem__,
        "nvmlDeviceGetMemoryInfo": lambda _handle: SimpleNamespace(total=24 * 2**30),
        "nvmlDeviceGetCudaComputeCapability": [(9, 0), (8, 6)].__getitem__,
        "nvmlDeviceGetUUID": ["GPU-11aa", "GPU-22bb"].__getitem__,
    }
    return SimpleNamespace(**whole | parts)


def _raises(name: str) -> Any:
    def nvml_init() -> None:
        raise getattr(sys.modules["pynvml"], name)(name)

    return nvml_init


def test_gpus_come_from_nvml(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where there is no nvidia-smi, as in containers that get the libraries only."""
    monkeypatch.setitem(sys.modules, "pynvml", _nvml())
    first, second = doctor.query_driver()
    assert (first.name, first.driver_series, first.capability) == ("NVIDIA H200", 580, (9, 0))
    assert second.memory == 24 * 2**30


def test_a_driver_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """And where NVML itself is missing, nvidia-smi is asked."""
    monkeypatch.setitem(sys.modules, "pynvml", _nvml(nvmlInit=_raises("NVMLError_DriverNotLoaded")))
    with pytest.raises(OSError, match="DriverNotLoaded"):
        gpus.query_library()
    monkeypatch.setitem(sys.modules, "pynvml", _nvml(nvmlInit=_raises("NVMLError_LibraryNotFound")))
    with pytest.raises(gpus.NoLibraryError):
        gpus.query_library()


TWO = [gpus.Gpu("A", "580.1", (9, 0), uuid="GPU-11aa"), gpus.Gpu("B", "580.1", (9, 0), uuid="GPU-22bb")]


@pytest.mark.parametrize(
    ("chosen", "seen"),
    [
        *[("0", "A"), ("1,0", "BA"), ("", ""), ("-1", ""), ("0,-1,1", "A"), ("2", ""), ("GPU-22", "B")],
        *[("GPU-", ""), ("0,0", "A"), ("NoDevFiles", ""), (" 1 , 0 ", "BA")],
    ],
)
def test_which_gpus_are_visible(chosen: str, seen: str) -> None:
    """The list ends at the first that is none, as CUDA reads it."""
    assert "".join(gpu.name for gpu in doctor.visible(chosen, TWO)) == seen


def test_the_doctor_says_that_gpus_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable left over from another day is a common cause of a GPU that is not used."""
    monkeypatch.setattr(doctor, "query_driver", lambda: TWO)
    monkeypatch.setattr(doctor, "installed_torch", lambda: doctor.Torch(13, ("sm_90",), available=True))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    *_, finding = doctor.gpus(None)  # type: ignore[arg-type]
    assert (finding.level, "shows 0 of 2 GPUs" in finding.message) == ("warning", True)
