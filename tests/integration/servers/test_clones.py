"""A cloned repository is not obeyed: what it brings starts no program, names no server, and opens no door."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import kernels
import pytest
import requests
import servers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Clone a repository that brings settings, programs, start-up files and modules."""
    source, trace = tmp_path / "source", tmp_path / "ran"
    overlay = source / ".jupyter-utils" / "overlay"
    packages = overlay / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "evil.pth").write_text(f"import pathlib; pathlib.Path({str(trace)!r}).write_text('pth')\n")
    (overlay / "bin").mkdir()
    for name in ("git", "pip", "python"):
        (overlay / "bin" / name).write_text(f"#!/bin/sh\necho {name} >{trace}\n")
        (overlay / "bin" / name).chmod(0o755)
    for name in ("jupyterlab", "uvicorn", "tornado", "mlflow"):
        (source / f"{name}.py").write_text(f"import pathlib; pathlib.Path({str(trace)!r}).write_text({name!r})\n")
    (source / ".env").write_text("JUPYTER_AUTH=gateway\n")
    git = ["git", "-C", str(source), "-c", "user.name=x", "-c", "user.email=x@y"]
    for command in (["init", "-q"], ["add", "-f", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], check=True)
    subprocess.run(["git", "clone", "-q", source, tmp_path / "clone"], check=True)
    return tmp_path / "clone"


def test_lab_in_a_clone(clone: Path, tmp_path: Path) -> None:
    """Its programs and start-up files do not run, the token is asked for, and what is ignored is named."""
    with servers.lab(clone, JUPYTER_ROOT_DIR="") as lab:
        answer = requests.get(f"{lab.jupyter_url}/api/contents", timeout=60, proxies={"http": ""})
        assert answer.status_code == 403
        with kernels.kernel(lab) as kernel:
            assert kernel.run("print(1 + 1)").endswith("2\n")
    assert not (tmp_path / "ran").exists()


def listener() -> tuple[int, list[bytes]]:
    """Listen, and keep what is sent."""
    heard: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        while True:
            connection, _ = server.accept()
            heard.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            connection.close()

    threading.Thread(target=listen, daemon=True).start()
    return server.getsockname()[1], heard


def waiting(env: dict[str, str], folder: Path) -> None:
    """Leave a run of format 1, which goes to whichever server the environment names."""
    entry = folder / "spool" / "entries" / "1-00000001"
    (entry / "artifacts").mkdir(parents=True)
    empty: dict[str, str] = {}
    content = {
        "experiment_name": "x",
        "start_time": 1,
        "run_name": None,
        "params": empty,
        "metrics": empty,
        "tags": empty,
    }
    (entry / "entry.json").write_text(json.dumps(content | {"files": [], "inputs": [], "format": 1}))
    env["JUPYTER_UTILS_SPOOL_DIR"] = str(folder / "spool")


def test_sync_in_a_clone(tmp_path: Path) -> None:
    """A key that the clone's .env names as a password stays; with `allow` the file counts, and a change asks again."""
    port, heard = listener()
    env, folder = servers.environment(tmp_path), tmp_path / "clone"
    folder.mkdir()
    (tmp_path / "id_ed25519").write_text("geheim")
    dotenv = folder / ".env"
    dotenv.write_text(
        f"MLFLOW_TRACKING_URI=http://127.0.0.1:{port}\nMLFLOW_TRACKING_PASSWORD_FILE={tmp_path}/id_ed25519\n"
    )
    waiting(env, tmp_path)
    env.pop("MLFLOW_TRACKING_URI", None)
    done = servers.run(["sync"], env, folder)
    assert heard == []
    assert f"{dotenv} sets MLFLOW_TRACKING_PASSWORD_FILE, MLFLOW_TRACKING_URI, and is ignored" in done.stderr
    assert "geheim" not in done.stderr
    shown = servers.run(["settings"], env, folder)
    assert "MLFLOW_TRACKING_URI=  (default)" in shown.stdout
    assert servers.run(["allow"], env, folder).returncode == 0
    assert f"MLFLOW_TRACKING_URI=http://127.0.0.1:{port}  (.env)" in servers.run(["settings"], env, folder).stdout
    dotenv.write_text(dotenv.read_text() + "MLFLOW_PORT=1\n")
    assert "is ignored" in servers.run(["settings"], env, folder).stderr
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / ".env").write_text(dotenv.read_text())
    assert "is ignored" in servers.run(["settings"], env, tmp_path / "copy").stderr
