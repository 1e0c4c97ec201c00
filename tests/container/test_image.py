"""What the images are: the same each time, labelled, lean, without secrets."""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import containers
import kernels
import pytest
from commands import evaluated
from docker_engine import docker

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGES = {"image": containers.LAB, "image-mlflow": containers.MLFLOW}


@pytest.fixture(params=IMAGES)
def output(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def described(output: str) -> dict[str, Any]:
    """Read the image.json of an output of the debian base."""
    # Built already: what Nix would build is asked for, and where it lies.
    place = evaluated("-f", "nix/debian", f"{output}.outPath")
    read: dict[str, Any] = json.loads(Path(place, "image.json").read_text())
    return read


def test_labels_say_what_it_is(output: str) -> None:
    """Version, licence, revision and the lock's hash stand in the image's labels."""
    labels = json.loads(containers.inspect(IMAGES[output], "{{json .Config.Labels}}"))
    project = tomllib.loads((containers.ROOT / "python" / "pyproject.toml").read_text())["tool"]["poetry"]
    lock = hashlib.sha256((containers.ROOT / "python" / "poetry.lock").read_bytes()).hexdigest()
    assert labels["org.opencontainers.image.version"] == project["version"]
    assert labels["org.opencontainers.image.licenses"] == project["license"]
    assert labels["org.opencontainers.image.revision"]
    assert labels["jupyter-utils.lock"] == lock


def test_docker_has_the_very_image(output: str) -> None:
    """Docker's digest is that of the configuration which the build wrote: no step in between changes a bit."""
    config = json.dumps(described(output)["config"], sort_keys=True, separators=(",", ":")).encode()
    assert containers.inspect(IMAGES[output], "{{.Id}}") == f"sha256:{hashlib.sha256(config).hexdigest()}"


def test_layers_are_the_same_each_time() -> None:
    """Building the layers again gives the same digests (those of our own code and of what is written out)."""
    words = ["-A", "image", "nix/debian"]
    top = subprocess.run(["nix-instantiate", *words], cwd=containers.ROOT, capture_output=True, text=True, check=True)
    closure = subprocess.run(["nix-store", "-qR", top.stdout.strip()], capture_output=True, text=True, check=True)
    names = ("layer-jupyter-utils.drv", "layer-configuration.drv", "layer-system.drv", "image-lab.drv")
    again = [path for path in closure.stdout.split() if path.endswith(names)]
    assert len(again) == len(names)
    command = ["nix-store", "--option", "substituters", "", "--realise", "--check", *again]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_size_and_layers() -> None:
    """At most 3.5 GB; the layers that change most often come last, and MLflow's image begins as the lab's does."""
    assert int(containers.inspect(containers.LAB, "{{.Size}}")) <= 3.5e9
    lab, mlflow = described("image")["layers"], described("image-mlflow")["layers"]
    assert [layer["kind"] for layer in lab][-3:] == ["packages", "ours", "configuration"]
    assert lab[0]["kind"] == "system"
    assert [layer["digest"] for layer in mlflow][:-2] == [layer["digest"] for layer in lab][: len(mlflow) - 2]
    ours = sum(layer["size"] for layer in lab if layer["kind"] in ("ours", "configuration"))
    assert ours <= 18e6, "a change of our own code would send more than a few megabytes"


def test_nothing_secret_and_nothing_of_the_build(output: str) -> None:
    """No token, no password, no address of a mirror, nothing under the home folder."""
    folders = ["/home/jovyan", "/opt/jupyter", "/opt/mlflow", "/srv", "/tmp", "/var/log"]
    shown = containers.run(IMAGES[output], "-A", *folders, options=("--entrypoint", "/bin/ls")).stdout
    assert shown.split() == [f"{folder}:" for folder in folders]
    servers = containers.run(IMAGES[output], "-rhE", "^(URIs|deb)", "/etc/apt", options=("--entrypoint", "/bin/grep"))
    own = containers.run(
        IMAGES[output], "-oE", "http://[^/]+", "/usr/lib/dpkg/methods/apt/setup", options=("--entrypoint", "/bin/grep")
    )
    assert {line.split("/")[2] for line in servers.stdout.splitlines()} <= {
        line.rpartition("/")[2] for line in own.stdout.splitlines()
    }
    assert len(servers.stdout.splitlines()) == 2


def test_language_time_and_fonts() -> None:
    """UTF-8, time zones, and a Japanese font that figures use, in any style."""
    code = (
        "import locale, zoneinfo, matplotlib.font_manager as fonts\n"
        "print(locale.getencoding().lower(), zoneinfo.ZoneInfo('Asia/Tokyo'))\n"
        "print(fonts.findfont('IPAexGothic', fallback_to_default=False).rpartition('/')[2])\n"
        "import warnings, io, matplotlib.pyplot as plt\n"
        "warnings.simplefilter('error')\n"
        "plt.style.use('seaborn-v0_8')\n"
        "plt.title('精度 $x$', family='serif')\n"
        "plt.savefig(io.BytesIO())"
    )
    shown = containers.run(containers.LAB, "python", "-c", code).stdout.split()
    assert shown == ["utf-8", "Asia/Tokyo", "ipaexg.ttf"]


@pytest.fixture
def alone() -> Iterator[containers.Alone]:
    with containers.alone("--memory", "1500m", "--memory-swap", "1500m") as made:
        yield made


def test_memory_limit_takes_the_kernel_and_leaves_the_lab(alone: containers.Alone) -> None:
    """A notebook that wants more memory than the container has loses its kernel; the servers stay."""
    with kernels.kernel(alone) as kernel:
        pid, score = kernel.run("import os; print(os.getpid(), open('/proc/self/oom_score_adj').read())").split()
        assert score == "500"
        kernel.send("x = [b'x' * 2**20 for _ in range(4000)]")
        deadline = time.monotonic() + containers.START_LIMIT
        while docker("exec", alone.name, "test", "-d", f"/proc/{pid}", check=False).returncode == 0:
            assert time.monotonic() < deadline, "the kernel has all the memory it wants"
            time.sleep(0.5)
    containers.wait_healthy(alone.name)
    assert containers.inspect(alone.name, "{{.RestartCount}} {{.State.Status}}") == "0 running"


def test_sigterm_ends_in_order(alone: containers.Alone) -> None:
    """`docker stop`: exit code 0 within Docker's ten seconds, as its last words say."""
    name = alone.name
    docker("stop", name)
    assert containers.inspect(name, "{{.State.ExitCode}}") == "0", containers.logs(name)
    assert "Stopping ..." in containers.logs(name)
