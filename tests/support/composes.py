"""Both versions of Compose, to see how they read `.env`; `config` needs no engine.

docker-compose 1.29 is the one of Debian 12. Compose v2 is the machine's, else Debian 13's package, from the mirror that
this machine's apt uses, unpacked into a temporary folder and not installed.
"""

from __future__ import annotations

import atexit
import functools
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dotenv_cases import X, Y

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSIONS = ["1.29", "2"]
NAMES = [X, Y, "HTTP_PROXY", "http_proxy", "A"]
_PLUGIN = "docker/cli-plugins/docker-compose"
_PLACES = [f"{place}/{_PLUGIN}" for place in ("/usr/libexec", "/usr/lib", "/usr/local/lib", "/usr/local/libexec")]
_PROJECT = {
    "services": {"a": {"image": "i", "environment": {f"V{i}": f"${{{name}-UNSET}}" for i, name in enumerate(NAMES)}}}
}


def command(version: str) -> str:
    """Give the program of a version (`1.29`, `2`), or skip the test with the reason."""
    found = [path for path in (shutil.which("docker-compose"), *_PLACES) if path and Path(path).exists()]
    for path in found:
        if _version(path).startswith(version):
            return path
    if version == "1.29":
        pytest.skip("no docker-compose 1.29 here; Debian 12's package is docker-compose")
    return _debians()


def _version(path: str) -> str:
    done = subprocess.run([path, "version", "--short"], capture_output=True, text=True, check=False)
    return done.stdout.strip().removeprefix("v")


@functools.cache
def _debians() -> str:
    if shutil.which("apt-get") is None:
        pytest.skip("no Compose v2 here, and no apt-get to fetch it")
    folder = Path(tempfile.mkdtemp(prefix="compose-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        _fetch(folder)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no Compose v2 here, and Debian's could not be fetched: {error.stderr[-300:]}")
    return str(folder / "root/usr/libexec" / _PLUGIN)


def _fetch(folder: Path) -> None:
    def run(*words: str) -> str:
        return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True).stdout

    site = run("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages").split()[0]
    keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (folder / "sources.list").write_text(f"deb [signed-by={keys}] {site} trixie main\n")
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    own = {"State": ".", "State::lists": "lists", "State::status": "status", "Cache": "cache"}
    own |= {"Etc::sourcelist": "sources.list", "Etc::sourceparts": "-"}
    options = [f"-o=Dir::{name}={folder / value if value != '-' else value}" for name, value in own.items()]
    options += ["-o=APT::Sandbox::User=root", "-o=Acquire::Languages=none"]
    run("apt-get", "-qq", *options, "update")
    run("apt-get", "-qq", *options, "download", "docker-compose")
    run("dpkg", "-x", str(next(folder.glob("*.deb"))), "root")


def read(program: str, folder: Path, content: bytes, env: Mapping[str, str]) -> dict[str, str] | None:
    """Give what a version of Compose reads in a `.env`, of `NAMES`; None where it refuses the file."""
    folder.mkdir(exist_ok=True)
    (folder / ".env").write_bytes(content)
    (folder / "docker-compose.yml").write_text(json.dumps({"version": "3.8", **_PROJECT}))
    done = subprocess.run([program, "config"], cwd=folder, env=env, capture_output=True, check=False)
    if done.returncode:
        return None
    import yaml

    found = yaml.safe_load(done.stdout)["services"]["a"]["environment"]
    values = {name: _text(found[f"V{i}"]) for i, name in enumerate(NAMES)}
    return {name: value for name, value in values.items() if value != "UNSET"}


def _text(value: object) -> str:
    # Compose doubles each $ in what it prints, and prints bytes that are no UTF-8 as binary.
    return value.replace("$$", "$") if isinstance(value, str) else str(value)
