"""The machine's own Nix, by which environments are built again, archived and restored."""

from __future__ import annotations

import grp
import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.errors import NixError

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLACES = ("~/.nix-profile/bin", "/nix/var/nix/profiles/default/bin", "/run/current-system/sw/bin")
_SANDBOX = ("unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc", "true")
"""What a sandbox needs, and some kernels and containers forbid (nix/setup/nix.sh)."""
_LEFT_OUT = ("PYTHONPATH", "PYTHONHOME")
"""What changes the Python that fetches."""


def found_nix() -> str | None:
    """Return the program; None where the machine has none, as an image."""
    path = os.pathsep.join([_given().get("PATH", ""), *(str(Path(place).expanduser()) for place in _PLACES)])
    return shutil.which("nix", path=path)


def nix(*words: str, shown: bool = False) -> str:
    """Run a command of Nix; with `shown`, what it says goes to the terminal. No cache is asked.

    Returns:
        its output.

    Raises:
        NixError: it failed, or there is no Nix.
    """
    return _output([_program(), *words], shown=shown)


def nix_store(*words: str) -> str:
    """Run a command of `nix-store`, and return its output; raise as `nix` does."""
    return _output([str(Path(_program()).with_name("nix-store")), *words])


def _program() -> str:
    program = found_nix()
    if program is None:
        raise NixError("There is no Nix here: ./quickstart of this project installs it on a host.")
    return program


def _output(command: Sequence[str], *, shown: bool = False) -> str:
    messages = None if shown else subprocess.PIPE
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=messages, text=True, check=False, env=_env()
    )
    if done.returncode:
        said = (done.stderr or "its words are above").strip()
        raise NixError(f"{' '.join([Path(command[0]).name, *command[1:3]])} failed: {said}")
    return done.stdout.strip()


def run(command: Sequence[str]) -> int:
    """Run another program that uses Nix, in the terminal; return its exit code."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False, env=_env()).returncode


def valid(paths: Sequence[str]) -> list[str]:
    """Return those store paths that Nix has."""
    lost = set(nix_store("--check-validity", "--print-invalid", *paths).split()) if paths else set()
    return [path for path in paths if path not in lost]


def is_valid(path: str) -> bool:
    """Return whether Nix has that path in its store."""
    return bool(valid([path]))


def _env() -> dict[str, str]:
    """Return the environment of Nix: settled as quickstart settles it, and without what changes other Pythons."""
    lines = [_given().get("NIX_CONFIG", ""), "experimental-features = nix-command flakes", "substituters ="]
    if os.geteuid() == 0 and not _has_builders():
        lines.append("build-users-group =")
    if not _may_sandbox():
        lines.append("sandbox = false")
    kept = {name: value for name, value in _given().items() if name not in _LEFT_OUT}
    return {**kept, "NIX_CONFIG": "\n".join(lines).strip()}


def _given() -> dict[str, str]:
    return dict(os.environ)


def _has_builders() -> bool:
    with suppress(KeyError):
        return bool(grp.getgrnam("nixbld"))
    return False


def _may_sandbox() -> bool:
    with suppress(OSError):
        return subprocess.run(_SANDBOX, capture_output=True, check=False).returncode == 0
    return False
