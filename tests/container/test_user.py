"""Whom a container runs as: CONTAINER_UID, RUN_AS_ROOT, any `docker run --user`, on a read-only root as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import containers
import pytest
import servers
from docker_engine import docker

if TYPE_CHECKING:
    from pathlib import Path

WHO = "id -u; id -g; id -un; echo $HOME; grep -E 'NoNewPrivs|CapEff' /proc/self/status; ssh -V 2>&1 | head -c 7"


def who(*options: str) -> list[str]:
    return containers.run(containers.LAB, "bash", "-c", WHO, options=options).stdout.split("\n")


def test_default_user() -> None:
    """Without any word: user 1000, without root's rights and without a way back to them."""
    uid, gid, name, home, capabilities, closed, ssh = who()
    assert (uid, gid, name, home) == ("1000", "1000", "jupyter", "/home/jovyan")
    assert capabilities.split() == ["CapEff:", "0000000000000000"]
    assert closed.split() == ["NoNewPrivs:", "1"]
    assert ssh == "OpenSSH"


@pytest.mark.parametrize("value", ["1", "yes", '"true"'])
def test_run_as_root(value: str) -> None:
    """RUN_AS_ROOT with any value: root, whose home is the same folder, for SSH too."""
    assert who("--env", f"RUN_AS_ROOT={value}")[:4] == ["0", "0", "root", "/home/jovyan"]
    home = containers.run(containers.LAB, "bash", "-c", "echo ~root", options=("--env", "RUN_AS_ROOT=1")).stdout
    assert home == "/home/jovyan\n"


def test_run_as_root_empty_counts_as_unset() -> None:
    """An empty RUN_AS_ROOT, as compose passes it on, is none."""
    assert who("--env", "RUN_AS_ROOT=")[0] == "1000"


def mounts(folder: Path) -> tuple[str, ...]:
    return "--volume", f"{folder}/home:/home/jovyan", "--volume", f"{folder}/jupyter:/opt/jupyter"


def test_files_in_volumes_belong_to_the_user(tmp_path: Path) -> None:
    """Folders that Docker makes for volumes, as root, become the user's."""
    options = ("--env", "CONTAINER_UID=5678", "--env", "CONTAINER_GID=5679", *mounts(tmp_path))
    made = "touch ~/made /opt/jupyter/made; id -un"
    assert containers.run(containers.LAB, "bash", "-c", made, options=options).stdout == "jupyter5678\n"
    assert containers.owners(tmp_path / "home") == containers.owners(tmp_path / "jupyter") == {(5678, 5679)}


def test_a_folder_of_somebody_elses_stays_as_it_is(tmp_path: Path) -> None:
    """A shared folder of the host keeps owner and rights, and files of root are no secret."""
    shared = tmp_path / "jupyter"
    shared.mkdir()
    shared.chmod(0o2775)
    (shared / "of root.txt").write_text("")
    options = ("--env", "CONTAINER_UID=5678", *mounts(tmp_path))
    done = containers.run(containers.LAB, "id", "-u", options=options)
    assert done.stdout == "5678\n"
    assert "of root.txt" in done.stderr
    found = shared.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (0, 0, 0o2775)


def test_any_user_without_rights_on_a_read_only_root() -> None:
    """`docker run --user N --cap-drop ALL --read-only` with tmpfs: the lab runs, and says what is not kept."""
    port = servers.free_port()
    options = (
        *("--user", "54321", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--read-only"),
        *("--tmpfs", "/tmp", "--tmpfs", "/opt/jupyter", "--tmpfs", "/opt/mlflow"),
        *("--publish", f"127.0.0.1:{port}:18080"),
    )
    with containers.container(containers.LAB, options=options) as name:
        containers.wait_healthy(name)
        containers.wait_answers(f"http://127.0.0.1:{port}/api", name)
        assert "may not write to the home folder /home/jovyan" in containers.logs(name)
        assert docker("exec", name, "id", "-u").stdout == "54321\n"


def test_any_user_in_group_0_has_a_name() -> None:
    """`docker run --user N` alone: a name in /etc/passwd, so that SSH works, and a home that can be written to."""
    shown = who("--user", "54321")
    assert shown[:4] == ["54321", "0", "jupyter54321", "/home/jovyan"]


def test_wrong_values_are_refused() -> None:
    """A CONTAINER_UID that is no number, a program that is not there: an error that says what is meant, exit code 1."""
    done = containers.run(containers.LAB, options=("--env", "CONTAINER_UID=hanako"), check=False)
    assert done.returncode == 1
    assert "CONTAINER_UID='hanako' cannot be used" in done.stderr
    done = containers.run(containers.LAB, "jupyterlap", check=False)
    assert done.returncode == 1
    assert "'jupyterlap' is no program of this image" in done.stderr


def test_arguments_are_passed_on(tmp_path: Path) -> None:
    """Words after the image's name: arguments of JupyterLab, or another program; quotes of compose files go."""
    port = servers.free_port()
    options = ("--publish", f"127.0.0.1:{port}:18080", "--env", 'JUPYTER_ROOT_DIR="/mnt/fs/jupyter"')
    mount = ("--volume", f"{tmp_path}/fs:/mnt/fs/jupyter")
    with containers.container(containers.LAB, "--ServerApp.base_url=/mine", options=(*options, *mount)) as name:
        containers.wait_answers(f"http://127.0.0.1:{port}/mine/api", name)
        containers.wait_healthy(name)
        assert "notebooks   /mnt/fs/jupyter" in containers.logs(name)
