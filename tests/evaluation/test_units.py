"""The plain units, made of the one definition of the services: valid for systemd, with the devices that are meant."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from commands import ROOT, built, nix

UNITS = {
    "system": {
        "jupyterlab.service",
        "jupyterlab@.service",
        "jupyterlab-password.socket",
        "jupyterlab-password@.service",
        "jupyterlab-password@.socket",
        "mlflow-server.service",
        "mlflow-server-backup.service",
        "mlflow-server-backup.timer",
        "mlflow-server-gc.service",
        "mlflow-server-gc.timer",
        "mlflow-server-restore@.service",
    },
    "user": {"jupyterlab.service", "jupyterlab-backup.service", "jupyterlab-backup.timer"},
}


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build them."""
    return built("units", tmp_path_factory.mktemp("units") / "units") / "share" / "systemd"


@pytest.mark.parametrize("scope", UNITS)
def test_systemd_finds_no_fault_in_them(units: Path, tmp_path: Path, scope: str) -> None:
    """`systemd-analyze verify` is silent; a unit with a fault shows that it would not be."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on the path (Debian: systemd)")
    shutil.copytree(units / scope, tmp_path, dirs_exist_ok=True)
    assert {path.name for path in tmp_path.iterdir()} == UNITS[scope]
    # Templates are judged by an instance of theirs.
    for template in tmp_path.glob("*@.*"):
        shutil.copy(template, tmp_path / template.name.replace("@.", "@taro."))
    files = [str(path) for path in sorted(tmp_path.iterdir()) if "@." not in path.name]
    assert verify(scope, *files) == ""
    broken = tmp_path / "broken.service"
    broken.write_text((tmp_path / "jupyterlab.service").read_text().replace("Type=notify", "Type=notfy"))
    assert "notfy" in verify(scope, str(broken))


def test_the_password_is_told_with_the_address_of_the_mlflow_here(units: Path) -> None:
    """By the settings of that unit, which root reads: a lab that is pointed elsewhere has nothing to send there."""
    telling = (units / "system" / "jupyterlab-password@.service").read_text()
    assert re.search(r"^ExecStart=\S+ credential password --served$", telling, re.MULTILINE)
    assert "EnvironmentFile=-/etc/jupyter-utils/mlflow-server.env" in telling


def verify(scope: str, *files: str) -> str:
    """Return what systemd says of units and of nothing else: this machine's own may have faults."""
    command = ["systemd-analyze", "verify", "--man=no", *(["--user"] if scope == "user" else []), *files]
    env = {**os.environ, "XDG_RUNTIME_DIR": str(Path(files[0]).parent)}
    said = subprocess.run(command, capture_output=True, text=True, check=False, env=env).stderr
    folder = str(Path(files[0]).parent)
    names = {Path(file).name for file in files}
    return "\n".join(line for line in said.splitlines() if folder in line or any(name in line for name in names))


def test_they_run_from_the_store_alone(units: Path) -> None:
    """Every program that a unit starts is in the store, so that it is the one that was tested."""
    for path in units.glob("*/*.service"):
        for program in re.findall(r"(?m)^Exec\w+=(\S+)", path.read_text()):
            assert program.startswith("/nix/store/")
            assert Path(program).exists()


def test_devices_are_there_only_where_a_gpu_is_asked_for() -> None:
    """`units-gpu` gives the NVIDIA driver's to the lab, and to the lab alone."""
    found = {}
    for gpu in ("true", "false"):
        made = f'import {ROOT}/nix/services/jupyterlab.nix {{ program = "p"; gpu = {gpu}; }}'
        said = nix("eval", "--impure", "--json", "--expr", f"({made}).services.jupyterlab.serviceConfig")
        assert said.returncode == 0, said.stderr
        found[gpu] = json.loads(said.stdout)
    assert found["false"]["PrivateDevices"] is True
    assert "DeviceAllow" not in found["false"]
    assert found["true"]["PrivateDevices"] is False
    assert found["true"]["DevicePolicy"] == "closed"
    assert all(re.match("char-nvidia|/dev/dxg", device) for device in found["true"]["DeviceAllow"])


def test_arguments_reach_the_program_as_they_are() -> None:
    """Signs that mean something to systemd: each is escaped, as systemd itself finds."""
    expression = f"""import {ROOT}/nix/services/units.nix (import {ROOT}/nix/services/jupyterlab.nix {{
      program = "/bin/echo"; arguments = [ "a b" "50%" "$HOME" "say \\"x\\"" "back\\\\slash" ]; }})"""
    said = nix("eval", "--impure", "--json", "--expr", expression)
    assert said.returncode == 0, said.stderr
    unit = json.loads(said.stdout)["jupyterlab.service"]
    line = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    assert line == r'ExecStart=/bin/echo lab -- "a b" "50%%" "$$HOME" "say \"x\"" "back\\slash"'
