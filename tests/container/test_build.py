"""`docker-compose build`, for people who have only Docker: the Dockerfile's images are those that Nix builds."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import containers
import pytest
from docker_engine import debian_image, docker

DEBIAN = "debian:bookworm"
# The smaller one; the lab's is made by the same lines and takes four times as long.
SERVICE, IMAGE, BUILT = "mlflow", containers.MLFLOW, "jupyter-utils-test-build:latest"
COMPOSE = "com.docker.compose."


def debian() -> None:
    """Have the base image of the Dockerfile, from a mirror of Debian where no registry of images can be reached."""
    if docker("pull", DEBIAN, check=False).returncode and (reason := debian_image(DEBIAN)):
        pytest.skip(reason)


def torch_wheel() -> Path | None:
    """Find torch's CPU wheel in the Nix store, for networks whose index does not have it."""
    name = json.loads((containers.ROOT / "python" / "torch-cpu.json").read_text())["file"]
    return next(Path("/nix/store").glob(f"*-{name}"), None)


def contents(image: str) -> dict[str, tuple[Any, ...]]:
    """Give every file of an image: kind, mode, owner, target, SHA-256."""
    name = docker("create", image).stdout.strip()
    found = {}
    try:
        with (
            subprocess.Popen(["docker", "export", name], stdout=subprocess.PIPE) as export,
            tarfile.open(fileobj=export.stdout, mode="r|") as archive,
        ):
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                digest = hashlib.file_digest(content, "sha256").hexdigest() if content else None
                kind = member.type if not member.islnk() else tarfile.REGTYPE
                found[member.name] = (kind, oct(member.mode), member.uid, member.gid, member.linkname, digest)
    finally:
        docker("rm", name)
    return found


@pytest.mark.full
@pytest.mark.timeout(5400)
def test_the_dockerfile_ends_in_the_same_files(tmp_path: Path) -> None:
    """The same files with the same modes and owners, and the same configuration, from nothing but Docker."""
    debian()
    context = tmp_path / "context"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=containers.ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, tracked.stdout.split("\0")):
        target = context / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(containers.ROOT / name, target)
    (context / "wheels").mkdir()
    if wheel := torch_wheel():
        shutil.copy(wheel, context / "wheels" / wheel.name.partition("-")[2])
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", context / "company.pem")
    (context / ".env").write_text("EXTRA_CA_CERTS=./company.pem\n")
    override = f"services:\n  {SERVICE}:\n    image: {BUILT}\n"  # beside the one that other tests use
    (context / "docker-compose.override.yml").write_text(override)
    try:
        # The client refuses to build where its new builder is not installed, unless it is told to take the old one.
        env = {**os.environ, "DOCKER_BUILDKIT": "0" if docker("buildx", "version", check=False).returncode else "1"}
        subprocess.run(["docker-compose", "build", SERVICE], cwd=context, check=True, env=env)
        ours, theirs = contents(IMAGE), contents(BUILT)
        # What Docker itself puts into every container.
        its_own = (".dockerenv", "dev", "proc", "sys", "etc/hostname", "etc/hosts", "etc/mtab", "etc/resolv.conf")
        differing = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
        differing = [name for name in differing if not name.startswith(its_own)]
        assert not differing, [(name, ours.get(name), theirs.get(name)) for name in differing[:20]]
        assert configuration(IMAGE) == configuration(BUILT)
    finally:
        docker("image", "rm", "--force", BUILT, check=False)


def configuration(image: str) -> dict[str, Any]:
    """Give what an image says of itself, but for the labels of the build's arguments and of Compose v2."""
    read = json.loads(containers.inspect(image, "{{json .Config}}"))
    for label in ("org.opencontainers.image.revision", "jupyter-utils.lock", "jupyter-utils.environment"):
        read["Labels"].pop(label)
    read["Labels"] = {name: value for name, value in read["Labels"].items() if not name.startswith(COMPOSE)}
    read["Env"].sort()
    keys = ("Env", "Entrypoint", "Cmd", "ExposedPorts", "Healthcheck", "StopSignal", "WorkingDir", "Labels")
    return {key: read[key] for key in keys}
