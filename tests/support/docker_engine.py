"""The Docker engine for tests: the one that runs here, else one that is started for this run and ended with it."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import filelock
import psutil

TURN = Path(tempfile.gettempdir(), "docker-engine.lock")
"""Two engines that are started like this would take each other's bridge and addresses: one at a time has it."""
TURN_LIMIT = 3600.0
"""Seconds that one may wait for the other's end."""
_PREFIX = "docker-engine-"
START_LIMIT = 60.0
"""Seconds until an engine that was started must answer."""


def docker(*words: str, check: bool = True, limit: float = 300.0, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `docker WORDS`; its output as text.

    Raises AssertionError with Docker's own words if it fails, unless `check` is off.
    """
    command = ["docker", *words]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=limit, env={**os.environ, **more}
    )
    if check and done.returncode:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def address() -> dict[str, str]:
    """Give the variables that lead a process with an environment of its own to the same engine."""
    return {name: value for name, value in os.environ.items() if name.startswith("DOCKER_")}


@functools.cache
def ensure_engine() -> str | None:
    """Make sure that `docker` reaches an engine; one that is started here has its own data, which go with it.

    Returns:
        None if there is an engine, else the reason why there is none, to skip a test with.

    """
    if shutil.which("docker") is None:
        return "no docker on the path (Debian: docker.io)"
    if _answers():
        return None
    if shutil.which("dockerd") is None:
        return "no Docker engine answers, and there is no dockerd to start one (Debian: docker.io)"
    if os.geteuid() != 0:
        return "no Docker engine answers, and only root can start one"
    return _start()


def debian_image(name: str, *packages: str) -> str | None:
    """Make sure that the engine has an image of a small Debian 12 with these packages; it stays for the next time.

    Returns:
        None if the image is there, else the reason why it cannot be made, to skip a test with.

    """
    if docker("image", "inspect", name, check=False).returncode == 0:
        return None
    if shutil.which("mmdebstrap") is None:
        return f"no mmdebstrap on the path to make the image {name} with (Debian: mmdebstrap)"
    command = ["mmdebstrap", "--variant=minbase", *(f"--include={package}" for package in packages), "bookworm", "-"]
    with tempfile.TemporaryFile() as system:
        made = subprocess.run(command, stdout=system, stderr=subprocess.PIPE, check=False)
        if made.returncode:
            return f"mmdebstrap cannot make a Debian here: {made.stderr.decode(errors='replace').splitlines()[-1]}"
        system.seek(0)
        subprocess.run(["docker", "import", "-", name], stdin=system, check=True, capture_output=True)
    return None


def _answers() -> bool:
    return docker("info", "--format", "{{.ServerVersion}}", check=False).returncode == 0


def _start() -> str | None:
    turn = filelock.FileLock(TURN, timeout=TURN_LIMIT)
    try:
        turn.acquire()
    except filelock.Timeout:
        return f"another test run has held {TURN} for an hour; only one may start a Docker engine here at a time"
    for folder in TURN.parent.glob(f"{_PREFIX}*/"):  # none runs now: whoever started these was killed
        _clear(folder)
    # Nothing of the machine's own engine is touched: socket, data, and state are in this folder.
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    socket = f"unix://{folder}/docker.sock"
    places = {"data-root": "data", "exec-root": "exec", "pidfile": "pid"}
    command = ["dockerd", "--host", socket, *(f"--{option}={folder}/{name}" for option, name in places.items())]
    with (folder / "log").open("wb") as log:
        engine = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    atexit.register(_end, engine, folder, turn)
    before = os.environ.get("DOCKER_HOST")
    os.environ["DOCKER_HOST"] = socket
    deadline = time.monotonic() + START_LIMIT
    while engine.poll() is None and time.monotonic() < deadline:
        if _answers():
            return None
        time.sleep(0.2)
    if before is None:
        del os.environ["DOCKER_HOST"]
    else:
        os.environ["DOCKER_HOST"] = before
    lines = (folder / "log").read_text(encoding="utf-8", errors="replace").splitlines()
    return f"dockerd does not start here: {lines[-1] if lines else 'it says nothing'}"


def _end(engine: subprocess.Popen[bytes], folder: Path, turn: filelock.BaseFileLock) -> None:
    engine.terminate()
    try:
        engine.wait(30)
    except subprocess.TimeoutExpired:
        engine.kill()
        engine.wait()
    _clear(folder)
    turn.release()


def _clear(folder: Path) -> None:
    """Remove an engine that has ended, with what a killed one leaves: processes, and networks that mounts hold."""
    for process in psutil.process_iter(["cmdline"]):
        if any(f"{folder}/" in word for word in process.info["cmdline"] or ()):
            with contextlib.suppress(psutil.Error):
                process.kill()
    below = [
        part.mountpoint for part in psutil.disk_partitions(all=True) if Path(part.mountpoint).is_relative_to(folder)
    ]
    for mount in sorted(below, reverse=True):
        subprocess.run(["umount", mount], check=False, capture_output=True)
    shutil.rmtree(folder, ignore_errors=True)
