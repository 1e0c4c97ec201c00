"""Processor, disk, directories, ports and Git."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.environments.record import built_environment
from jupyter_utils.errors import JupyterUtilsError, PortTakenError
from jupyter_utils.machine.advice import ROOT_REMEDY, how_to_own, root_unsaid
from jupyter_utils.machine.files import existing_part
from jupyter_utils.machine.ports import check_port
from jupyter_utils.machine.running import running
from jupyter_utils.machine.sizes import size
from jupyter_utils.servers.whereabouts import environment_name
from jupyter_utils.store.layout import check_backend, check_store, windows_drive_warning

from .finding import Finding, error, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_utils.settings import Settings

GIB = 2**30
# numpy's wheels of today are built for x86-64-v2, whose newest part is SSE4.2; below, they end with SIGILL.
_NEEDED_FLAGS = frozenset({"sse4_2", "popcnt", "ssse3"})
LOW_DISK, NO_DISK = 10 * GIB, GIB
"""Bytes free below which a warning (a few models fill that) and an error are given."""


def processor(_settings: Settings) -> Iterator[Finding]:
    """Check that the wheels' machine code runs here."""
    if platform.machine() != "x86_64":
        yield error("processor", f"{platform.machine()} is not supported", "use a machine with an x86_64 processor")
        return
    missing = sorted(_NEEDED_FLAGS - _cpu_flags(Path("/proc/cpuinfo")))
    if missing:
        remedy = "use a newer one; in a virtual machine, pass the host's processor through (e.g. -cpu host)"
        yield error("processor", f"lacks {', '.join(missing)} (x86-64-v2)", remedy)
    else:
        yield ok("processor", f"x86_64, {os.cpu_count()} threads")


def _cpu_flags(cpuinfo: Path) -> frozenset[str]:
    lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    return frozenset(next((line.partition(":")[2] for line in lines if line.startswith("flags")), "").split())


def environment(_settings: Settings) -> Iterator[Finding]:
    """Say which environment this is, and whether it is the one that the project pins."""
    record = built_environment()
    if record is None:
        return
    what = f"{environment_name(record)}, {record.store_path or record.system}"
    if record.pinned:
        yield ok("environment", what)
        return
    remedy = (
        "./quickstart --locked takes the pinned one where DEBIAN_MIRROR or DEBIAN_SNAPSHOT still has its packages; "
        "runs made here say that they had another (jupyter_utils.pinned: false)"
    )
    yield warning("environment", f"{what}: not the pinned Debian system, which could not be had", remedy)


def user(settings: Settings) -> Iterator[Finding]:
    """Check that a container runs as root only where that was asked for."""
    if settings.jupyter_utils_profile != "container":
        return
    if unsaid := root_unsaid(settings.container_uid, run_as_root=settings.run_as_root):
        yield warning("user", unsaid, ROOT_REMEDY)


def directories(settings: Settings) -> Iterator[Finding]:
    """Check that what must be written to can be."""
    try:
        places = {"JUPYTER_NOTEBOOK_DIR": settings.notebook_dir}
    except JupyterUtilsError as failure:
        yield error("JUPYTER_NOTEBOOK_DIR", str(failure), "see above")
        places = {}
    for setting, place in {
        "JUPYTER_ROOT_DIR": settings.root_dir,
        "MLFLOW_STORE_DIR": settings.store_dir,
        **places,
    }.items():
        above = existing_part(place)
        if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
            yield ok(setting, str(place) if above == place else f"{place} (will be made)")
        else:
            yield error(setting, f"{above} cannot be written to", f"{how_to_own()}, or set {setting}")


def store(settings: Settings) -> Iterator[Finding]:
    """Check that MLflow will find the data that is there."""
    try:
        check_backend(settings.mlflow_backend_store_uri)
        if settings.mlflow_backend_store_uri is None:
            check_store(settings.store_dir)
    except JupyterUtilsError as failure:
        remedy = f"MLFLOW_STORE_DIR={settings.store_dir} jupyter-utils import-file-store"
        yield error("MLflow data", str(failure), remedy)
    if said := windows_drive_warning(existing_part(settings.store_dir)):
        yield warning("MLflow data", said, "MLFLOW_STORE_DIR=$HOME/mlflow")


def disk(settings: Settings) -> Iterator[Finding]:
    """Check the space for notebooks, runs, and models that are downloaded to the home folder."""
    places = {"notebooks": settings.root_dir, "MLflow data": settings.store_dir, "home": Path.home()}
    for name, place in places.items():
        yield judge_space(name, place, shutil.disk_usage(existing_part(place)).free)


def judge_space(name: str, place: Path, free: int) -> Finding:
    """Say whether `free` bytes are enough."""
    message = f"{size(free)} free at {place}"
    if free < NO_DISK:
        return error(f"disk ({name})", message, "make room, or choose another directory")
    if free < LOW_DISK:
        return warning(f"disk ({name})", message, "language models take gigabytes each: make room soon")
    return ok(f"disk ({name})", message)


def ports(settings: Settings) -> Iterator[Finding]:
    """Check that the servers' ports are free, or taken by a lab of this user."""
    own = " ".join(url for state in running() for url in state.urls.values())
    wanted = {"JUPYTER_PORT": settings.jupyter_port}
    if settings.other_mlflow is None:
        wanted["MLFLOW_PORT"] = settings.mlflow_port
    for setting, port in wanted.items():
        try:
            check_port(settings.bind_address, port, setting)
            yield ok(setting, f"{port} is free")
        except PortTakenError as failure:
            if f":{port}" in own:
                yield ok(setting, f"{port} is your running lab's")
            else:
                yield error(setting, str(failure), f"{setting}=<another port>")
        except JupyterUtilsError as failure:
            yield error("LISTEN_ADDRESS", str(failure), "LISTEN_ADDRESS=127.0.0.1")


def git(_settings: Settings) -> Iterator[Finding]:
    """Check that Git is there and knows who commits."""
    if shutil.which("git") is None:
        yield error("Git", "is not on the PATH", "install it (e.g. apt install git)")
        return
    missing = [name for name in ("user.name", "user.email") if not _git_config(name)]
    if missing:
        commands = " && ".join(f'git config --global {name} "..."' for name in missing)
        yield warning("Git", f"{' and '.join(missing)} not set: save_mlflow cannot commit", commands)
    else:
        yield ok("Git", f"commits are by {_git_config('user.name')} <{_git_config('user.email')}>")


def _git_config(name: str) -> str:
    done = subprocess.run(["git", "config", "--get", name], capture_output=True, text=True, timeout=10, check=False)
    return done.stdout.strip()
