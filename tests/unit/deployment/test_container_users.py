"""Whose files a container makes: in real user namespaces, mapped as rootless and other engines map them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.deployment.container.ownership import check_user
from jupyter_utils.deployment.container.user import User
from jupyter_utils.errors import SettingsError
from jupyter_utils.machine.namespace import IdMap, Mount, Namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLER = 4711
ROOTLESS = f"0 {CALLER} 1\n1 100000 65536\n"
ALONE = f"0 {CALLER} 1\n"  # nothing in /etc/subuid
SHIFTED = "0 300000 65536\n"
PLAIN = "0 0 4294967295\n"
DATA = "/var/lib/docker/300000.300000/containers/abc/resolv.conf"
"""Where Docker keeps the files of a container, if userns-remap=300000."""


def namespace(users: str, *roots: str, options: str = "rw", kind: str = "ext4") -> Namespace:
    """Describe a namespace whose first mount is at /data, the others somewhere."""
    lines = [
        f"9 8 8:1 {root} /data{number or ''} {options} shared:1 - {kind} x rw" for number, root in enumerate(roots)
    ]
    mounts = ("1 0 8:1 / / rw - overlay x rw", *lines)
    return Namespace(IdMap.parse(users), IdMap.parse(users), tuple(Mount.parse(line) for line in mounts))


@pytest.mark.parametrize(
    ("users", "kind"),
    [(PLAIN, "plain"), (ROOTLESS, "rootless"), (ALONE, "rootless"), (SHIFTED, "remapped")],
)
def test_kinds_of_engines(users: str, kind: str) -> None:
    """Told by the map, and by the folder of its own that userns-remap has."""
    assert namespace(users, "/home/hanako/data", DATA).kind == kind


def test_a_machine_that_is_a_container_itself_is_plain() -> None:
    """LXC's numbers differ from the real ones, but mean the same to Docker in it and to its users."""
    assert namespace(SHIFTED, "/home/hanako/data", "/var/lib/docker/containers/abc/resolv.conf").kind == "plain"


@pytest.mark.parametrize(
    ("root", "options", "kind", "expected"),
    [
        ("/home/hanako/my\\040lab", "rw,relatime", "ext4", True),
        ("/hanako", "rw", "tmpfs", True),
        ("/", "rw", "nfs4", True),
        ("/", "rw", "tmpfs", False),
        ("/var/lib/docker/volumes/runs/_data", "rw", "ext4", False),
        ("/home/hanako/.local/share/containers/storage/volumes/runs/_data/sub", "rw", "ext4", False),
        ("/var/lib/kubelet/pods/x/volumes/y", "rw,idmapped", "ext4", False),
        ("/Users/hanako", "rw", "fakeowner", False),
    ],
)
def test_folders_of_the_host(root: str, options: str, kind: str, expected: bool) -> None:
    """A bind mount is somebody's; the engine's volumes, memory, and mounts that translate numbers are nobody's."""
    seen = namespace(ROOTLESS, root, options=options, kind=kind)
    assert seen.of_the_host(Path("/data/not/there")) is expected
    assert seen.of_the_host(Path("/elsewhere")) is False


def test_the_numbers_of_a_map() -> None:
    """A number has one outside or none, and the error names those that have."""
    parts = IdMap.parse("0 1001 1\n1 100000 10\n20 200000 1\n")
    assert [parts.outside(number) for number in (0, 1, 10, 11, 20)] == [1001, 100000, 100009, None, 200000]
    assert parts.covered == "0 to 10 and 20"


@pytest.mark.parametrize("user", [User(1000, 0), User(0, 1000)])
def test_a_number_outside_of_the_map_is_refused(user: User) -> None:
    """Without a word, `chown` and `setresuid` would fail with "Invalid argument"."""
    with pytest.raises(SettingsError, match="=1000 is not among the numbers that this container has") as caught:
        check_user(user, (), chosen=True, namespace=namespace(ALONE))
    assert "set CONTAINER_UID=0" in str(caught.value)


def test_userns_remap_names_what_works(tmp_path: Path) -> None:
    """CONTAINER_UID asks for files of a user of the host, which that cannot give; its default asks for nothing."""
    line = f"9 8 8:1 /home/hanako/data {tmp_path} rw - ext4 x rw"
    known = namespace(SHIFTED, "/x", DATA)
    seen = Namespace(known.users, known.groups, (*known.mounts, Mount.parse(line)))
    user = User(os.geteuid() + 1, 0)
    with pytest.raises(SettingsError, match="userns_mode: host") as caught:
        check_user(user, (tmp_path,), chosen=True, namespace=seen)
    assert f"chown -R {300000 + user.uid}:300000" in str(caught.value)
    check_user(user, (tmp_path,), chosen=False, namespace=seen)
    check_user(User(os.geteuid(), 0), (tmp_path,), chosen=True, namespace=seen)  # prepared for that user already


@contextlib.contextmanager
def mapped(users: str) -> Iterator[int]:
    """Make a user namespace with mounts of its own; the process that keeps it."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root can map many users, with util-linux' unshare")
    command = ["unshare", "--user", "--mount", "sh", "-c", "echo made; exec sleep 60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout
            assert holder.stderr
            if not holder.stdout.readline():
                pytest.skip(f"no user namespaces here: {holder.stderr.read().strip()}")
            for name in ("uid_map", "gid_map"):
                Path(f"/proc/{holder.pid}/{name}").write_text(users)
            yield holder.pid
        finally:
            holder.kill()


ENTRY = """
import sys
from pathlib import Path
from jupyter_utils.deployment.container.folders import hand_over
from jupyter_utils.deployment.container.ownership import check_user
from jupyter_utils.deployment.container.user import User
from jupyter_utils.errors import SettingsError
folder, user = Path(sys.argv[1]), User(int(sys.argv[2]), int(sys.argv[2]))
try:
    check_user(user, (folder,), chosen=True)
except SettingsError as error:
    sys.exit(str(error))
hand_over(folder, user, 0o755)
"""


def start(holder: int, folder: Path, uid: int) -> subprocess.CompletedProcess[str]:
    """Do what the entry does with a folder that is mounted at `folder`."""
    inside = ["nsenter", "--target", str(holder), "--user", "--mount", "--setuid", "0", "--setgid", "0"]
    script = f'mount --bind "$1" "$1" && exec {sys.executable} -c "$2" "$1" "$3"'
    command = [*inside, "sh", "-c", script, "sh", str(folder), ENTRY, str(uid)]
    env = {**os.environ, "JUPYTER_UTILS_PROFILE": "container"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


@pytest.fixture
def volume() -> Iterator[Path]:
    """Make a folder of the caller's, where every user gets to."""
    folder = Path(f"/tmp/container-users-{os.getpid()}-{time.monotonic_ns()}")
    folder.mkdir(mode=0o755)
    os.chown(folder, CALLER, CALLER)
    yield folder
    shutil.rmtree(folder)


def test_rootless_refuses_before_anything_is_changed(volume: Path) -> None:
    """CONTAINER_UID=$(id -u) would take the caller's folder away; the error names the value that keeps it."""
    with mapped(ROOTLESS) as holder:
        done = start(holder, volume, CALLER)
    assert done.returncode == 1
    assert f"user {CALLER} here is user {100000 + CALLER - 1} there" in done.stderr
    assert "set CONTAINER_UID=0" in done.stderr
    assert (volume.stat().st_uid, list(volume.iterdir())) == (CALLER, [])


def test_rootless_as_root_keeps_the_folder_the_callers(volume: Path) -> None:
    """The value that the error names works, and files that were lost before are named with the way back."""
    (volume / "lost.ipynb").touch()
    os.chown(volume / "lost.ipynb", 100999, 100999)
    with mapped(ROOTLESS) as holder:
        done = start(holder, volume, 0)
    assert done.returncode == 0, done.stderr
    assert "lost.ipynb" in done.stderr
    assert f"chown -R 0:0 {volume}" in done.stderr
    assert volume.stat().st_uid == CALLER


def test_a_folder_that_is_the_users_already_is_taken(volume: Path) -> None:
    """Whoever runs a rootless engine with a user of its own has given the folder away on purpose."""
    os.chown(volume, 100999, 100999)
    with mapped(ROOTLESS) as holder:
        assert start(holder, volume, 1000).returncode == 0
    assert volume.stat().st_uid == 100999


def test_where_owners_cannot_be_changed_a_warning_says_so(volume: Path) -> None:
    """As on NFS with root_squash: root without CAP_CHOWN gets the same answer from the kernel."""
    if os.geteuid() != 0:
        pytest.skip("only root can give rights away")
    os.chown(volume, 0, 0)
    code = f"mount --bind {volume} {volume} && exec setpriv --bounding-set -chown --inh-caps -chown "
    command = ["unshare", "--mount", "sh", "-c", code + f'{sys.executable} -c "$1" {volume} 4711', "sh", ENTRY]
    env = {**os.environ, "JUPYTER_UTILS_PROFILE": "container"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    assert f"{volume} cannot be given to user 4711 (Operation not permitted)" in done.stderr
    assert "sudo chown -R 4711:4711" in done.stderr
