"""One file for machines that have Docker and nothing else: what `nix run .#debian.save` writes."""

from __future__ import annotations

import hashlib
import subprocess
from typing import TYPE_CHECKING

import containers
import pytest
from commands import built
from docker_engine import docker

if TYPE_CHECKING:
    from pathlib import Path

IMAGES = (containers.LAB, containers.MLFLOW)


def ids() -> list[str]:
    return [containers.inspect(image, "{{.Id}}") for image in IMAGES]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(built("save", tmp_path_factory.mktemp("save") / "save") / "bin" / "save")


@pytest.mark.full
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("ending", ["tar.gz", "tar.zst"])
def test_an_archive_holds_both_images(program: str, ending: str, tmp_path: Path) -> None:
    """As it says itself, Docker takes it: the very images. Its checksum is the one beside it."""
    before = ids()
    said = subprocess.run([program, f"lab.{ending}"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    file = tmp_path / f"lab.{ending}"
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    assert (tmp_path / f"lab.{ending}.sha256").read_text() == f"{digest}  lab.{ending}\n"
    assert digest in said
    for image in IMAGES:
        name = image.partition(":")[0]
        docker("image", "rm", "--force", *docker("image", "ls", "--quiet", name).stdout.split())
    how = said.splitlines()[-1].removeprefix("There:  ")
    subprocess.run(["bash", "-o", "pipefail", "-c", how], cwd=tmp_path, check=True)
    assert ids() == before
    file.unlink()


def test_its_name_is_asked_for(program: str) -> None:
    """Without one it says what is wanted, and writes nothing."""
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("usage: save FILE\n")


def test_a_folder_that_is_not_there_is_said(program: str, tmp_path: Path) -> None:
    """The file is named, and nothing is left."""
    done = subprocess.run([program, str(tmp_path / "none" / "lab.tar")], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "lab.tar could not be written" in done.stderr
    assert list(tmp_path.iterdir()) == []
