"""The doctor's judgements, on machines that are described to it."""

from __future__ import annotations

import http.server
import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from jupyter_utils import doctor
from jupyter_utils.doctor import gpu, machine, network
from jupyter_utils.environments.record import Record
from jupyter_utils.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CUDA_13 = gpu.Torch(13, ("sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120", "compute_120"), available=True)
CPU = gpu.Torch(None)


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Put an nvidia-smi that answers with the given lines before everything else on the PATH."""

    def answer(*lines: str, code: int = 0) -> None:
        command = tmp_path / "nvidia-smi"
        command.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in lines) + f"exit {code}\n")
        command.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    return answer


def examine(monkeypatch: pytest.MonkeyPatch, torch: gpu.Torch | None) -> list[doctor.Finding]:
    monkeypatch.setattr(gpu, "installed_torch", lambda: torch)
    return list(gpu.gpus(Settings()))


def test_a_fitting_gpu_is_named(nvidia_smi, monkeypatch: pytest.MonkeyPatch) -> None:
    """One finding for each GPU."""
    nvidia_smi("NVIDIA H200, 580.95.05, 9.0", "NVIDIA GeForce RTX 3090, 580.95.05, 8.6")
    findings = examine(monkeypatch, CUDA_13)
    assert [finding.level for finding in findings] == ["ok", "ok"]
    assert "NVIDIA H200" in findings[0].message


def test_an_old_driver_is_an_error_that_names_the_minimum(nvidia_smi, monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch for CUDA 13 needs the 580 series."""
    nvidia_smi("NVIDIA A100, 550.54.15, 8.0")
    (finding,) = examine(monkeypatch, CUDA_13)
    assert finding.level == "error"
    assert "550.54.15" in finding.message
    assert "580" in finding.remedy


def test_a_dropped_generation_is_an_error(nvidia_smi, monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA 13 has no code for Volta and older."""
    nvidia_smi("Tesla V100, 580.95.05, 7.0")
    (finding,) = examine(monkeypatch, CUDA_13)
    assert (finding.level, "7.0" in finding.message) == ("error", True)


def test_a_gpu_that_torch_cannot_open_is_an_error(nvidia_smi, monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver answers, but its library is not found."""
    nvidia_smi("NVIDIA H200, 580.95.05, 9.0")
    findings = examine(monkeypatch, gpu.Torch(13, CUDA_13.architectures, available=False))
    assert [finding.level for finding in findings] == ["ok", "error"]
    assert "libcuda.so.1" in findings[1].remedy


def test_a_driver_that_does_not_answer(nvidia_smi, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an update without restart; the driver's own words are shown."""
    nvidia_smi("Failed to initialize NVML: Driver/library version mismatch", code=18)
    (finding,) = examine(monkeypatch, CUDA_13)
    assert finding.level == "error"
    assert "version mismatch" in finding.message
    assert finding.remedy.startswith("restart the machine")


@pytest.mark.parametrize(
    ("said", "code"), [("Failed to initialize NVML: Unknown Error", 255), ("Unable to determine the device handle", 15)]
)
def test_a_gpu_that_a_container_has_lost_wants_another_container(
    nvidia_smi, monkeypatch: pytest.MonkeyPatch, said: str, code: int
) -> None:
    """`systemctl daemon-reload` on the host takes the devices away; the machine itself is well."""
    monkeypatch.setenv("JUPYTER_UTILS_PROFILE", "container")
    nvidia_smi(said, code=code)
    (finding,) = examine(monkeypatch, CUDA_13)
    assert (finding.level, said in finding.message) == ("error", True)
    assert "--force-recreate" in finding.remedy
    assert "restart the machine" not in finding.remedy


def test_a_driver_that_was_updated_below_a_container(nvidia_smi, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the machine or the container is behind, its own nvidia-smi tells."""
    monkeypatch.setenv("JUPYTER_UTILS_PROFILE", "container")
    nvidia_smi("Failed to initialize NVML: Driver/library version mismatch", code=18)
    (finding,) = examine(monkeypatch, CUDA_13)
    assert "on the host" in finding.remedy
    assert "--force-recreate" in finding.remedy


def test_a_container_without_a_gpu_was_not_given_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver is the host's; what is missing is the option."""
    monkeypatch.setenv("JUPYTER_UTILS_PROFILE", "container")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(gpu, "_ELSEWHERE", ())
    monkeypatch.setattr(gpu, "_DEVICES", ())
    (finding,) = examine(monkeypatch, CUDA_13)
    assert "docker-compose.gpu.yml" in finding.remedy
    assert "--gpus all" in finding.remedy


@pytest.mark.parametrize(("torch", "level"), [(CPU, "ok"), (CUDA_13, "error")])
def test_no_gpu_is_an_error_only_in_the_gpu_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torch: gpu.Torch, level: str
) -> None:
    """The CPU environment needs none."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(gpu, "_ELSEWHERE", ())
    monkeypatch.setattr(gpu, "_DEVICES", ())
    assert [finding.level for finding in examine(monkeypatch, torch)] == [level]


def test_a_gpu_in_the_cpu_environment_is_a_hint(nvidia_smi, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not used, and that may be meant."""
    nvidia_smi("NVIDIA H200, 580.95.05, 9.0")
    assert [finding.level for finding in examine(monkeypatch, CPU)] == ["warning"]


@pytest.mark.parametrize(
    ("capability", "expected"),
    [
        ((7, 5), True),
        ((7, 0), False),
        ((8, 9), True),
        ((10, 3), True),
        ((11, 0), False),
        ((12, 1), True),
        ((13, 0), True),
    ],
)
def test_which_generations_the_code_runs_on(capability: tuple[int, int], expected: bool) -> None:
    """Binary code within its major version, intermediate code on anything newer."""
    assert gpu.supports(CUDA_13.architectures, capability) is expected


@pytest.mark.parametrize(("gib", "level"), [(100, "ok"), (5, "warning"), (0.5, "error")])
def test_disk_space(tmp_path: Path, gib: float, level: str) -> None:
    """Models take gigabytes."""
    assert machine.judge_space("home", tmp_path, int(gib * machine.GIB)).level == level


def test_an_old_processor_is_named_with_what_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of an "illegal instruction" from the first import."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor : 0\nflags\t\t: fpu sse2 ssse3 popcnt\n")
    assert "sse4_2" not in machine._cpu_flags(cpuinfo)
    monkeypatch.setattr(machine, "_cpu_flags", lambda _: frozenset({"ssse3", "popcnt"}))
    (finding,) = machine.processor(Settings())
    assert (finding.level, "sse4_2" in finding.message) == ("error", True)


class Proxy(http.server.BaseHTTPRequestHandler):
    """A proxy that answers every CONNECT with the server's `status`."""

    def do_CONNECT(self) -> None:
        self.server.seen = self.headers.get("Proxy-Authorization")
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def proxy() -> Iterator[http.server.HTTPServer]:
    with http.server.HTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(("status", "level"), [(200, "ok"), (407, "error"), (403, "warning")])
def test_a_proxys_answer_is_told(proxy: http.server.HTTPServer, status: int, level: str) -> None:
    """Lets through; wants a password; refuses the target. The password is sent, and never shown."""
    proxy.status = status
    address = f"http://me:p%40ss@127.0.0.1:{proxy.server_port}"
    first, *_ = network.proxies(Settings(http_proxy=address, https_proxy=address, no_proxy=None))
    assert first.level == level
    assert first.subject == "HTTP_PROXY and HTTPS_PROXY"
    assert "p%40ss" not in first.message
    assert proxy.seen == "Basic bWU6cEBzcw=="


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "proxy", "socks5://127.0.0.1:9", "http://"])
def test_a_proxy_that_cannot_be_used_is_an_error(address: str) -> None:
    """Nobody listens, no such host, or no address at all."""
    first, *_ = network.proxies(Settings(http_proxy=address, https_proxy=None))
    assert first.level == "error"
    assert "HTTP_PROXY" in first.remedy


def test_git_without_an_identity_names_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """save_mlflow could not commit."""
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    (finding,) = machine.git(Settings())
    assert finding.level == "warning"
    assert 'git config --global user.name "..." && git config --global user.email "..."' in finding.remedy


def test_one_check_that_fails_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """It becomes a finding itself."""

    def broken(_: Settings) -> Iterator[doctor.Finding]:
        raise RuntimeError("surprise")
        yield

    for name, checks in {"CHECKS": (broken, machine.disk), "PLACES": (), "FURTHER": ()}.items():
        monkeypatch.setattr(doctor, name, checks)
    monkeypatch.setattr(machine, "running", list)
    monkeypatch.setattr(machine, "ports", lambda _: iter(()))
    findings = list(doctor.examine(Settings()))
    assert findings[0].level == "error"
    assert "surprise" in findings[0].message
    assert len(findings) == 4


def test_a_system_that_stands_in_for_the_pinned_one_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the way back; a pinned one is named, and another Python has nothing to say."""
    record = Record("lock", "debian", "cpu", "abc-debian-bookworm", pinned=False, store_path="/nix/store/x-environment")
    monkeypatch.setattr(machine, "built_environment", lambda: record)
    (finding,) = machine.environment(Settings())
    assert finding.level == "warning"
    assert "/nix/store/x-environment: not the pinned Debian system" in finding.message
    assert "./quickstart --locked" in finding.remedy
    assert record.tags()["jupyter_utils.pinned"] == "false"
    monkeypatch.setattr(machine, "built_environment", lambda: replace(record, pinned=True))
    assert [one.level for one in machine.environment(Settings())] == ["ok"]
    assert "jupyter_utils.pinned" not in replace(record, pinned=True).tags()
    monkeypatch.setattr(machine, "built_environment", lambda: None)
    assert list(machine.environment(Settings())) == []
