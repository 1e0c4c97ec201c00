"""A machine that has nothing yet: a small Debian as the root folder of processes of their own, with a /nix of its own.

Not a chroot, in which the kernel lets nobody make a user namespace: an ordinary user's mmdebstrap wants one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from commands import ROOT, nix

sys.path.insert(0, str(ROOT / "nix" / "debian"))

from fetching.places import sources

PACKAGES = ("git", "ca-certificates", "sudo", "procps")
USER = "taro"
# Makes the folder $1 the root folder and runs the rest there.
ENTER = """
mount --bind "$1" "$1" && cd "$1"
mount -t proc proc proc && mount --rbind /sys sys && mount --rbind /dev dev
while read -r folder; do mkdir -p ".$folder" && mount --bind "$folder" ".$folder"; done <etc/shared-folders
mkdir -p .before && pivot_root . .before && umount -l .before && rmdir .before
shift && exec "$@"
"""


@dataclass(frozen=True)
class FreshRoot:
    """A root folder, and how to run something in it."""

    folder: Path

    def run(
        self, command: str, *, user: str = "root", limit: float = 1500, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a line of shell as a login shell of `user` would; its output and messages in one text."""
        login = ["env", "-i", "TERM=dumb", "LANG=C.UTF-8", *(f"{name}={value}" for name, value in env.items())]
        login += ["su", "--login", "--whitelist-environment", ",".join(env) or "LANG", user, "-c", command]
        words = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--ipc"]
        return subprocess.run(
            [*words, "sh", "-ec", ENTER, "sh", str(self.folder), *login],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=limit,
        )

    def must(self, command: str, *, user: str = "root", **env: str) -> str:
        """Run a line that must succeed; what it says."""
        done = self.run(command, user=user, **env)
        assert done.returncode == 0, f"{command} as {user} ended with {done.returncode}:\n{done.stdout[-6000:]}"
        return done.stdout

    def clone(self, user: str, folder: str = "lab") -> str:
        """Clone this repository, as it is in this work tree, into the home folder of `user`; where it is."""
        home = "/root" if user == "root" else f"/home/{user}"
        target = f"{home}/{folder}"
        bundle = self.folder / "srv" / "lab.bundle"
        if not bundle.exists():
            publish(bundle)
        self.must(f"git clone --quiet --branch main /srv/lab.bundle '{target}'", user=user)
        return target


def publish(bundle: Path) -> None:
    """Make a bundle of what this work tree holds, committed or not."""
    with tempfile.TemporaryDirectory() as name:
        git = ["git", "-C", name, "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "core.autocrlf=false"]
        files = f"git -C '{ROOT}' ls-files -z --cached --others --exclude-standard"
        tar = f"tar -C '{ROOT}' --ignore-failed-read --null -T - -c 2>/dev/null | tar -C '{name}' -x"
        subprocess.run(["sh", "-c", f"{files} | {tar}"], check=True)
        subprocess.run([*git, "init", "--quiet", "--initial-branch=main"], check=True)
        subprocess.run([*git, "add", "--all"], check=True)
        subprocess.run([*git, "commit", "--quiet", "--no-verify", "-m", "all"], check=True)
        subprocess.run([*git, "bundle", "create", "--quiet", str(bundle), "main"], check=True)


def archive(suite: str, folder: Path) -> Path:
    """Make the archive of a small Debian from the mirror of this machine's apt, unless `folder` has it."""
    target = folder / f"{suite}.tar"
    if target.exists() and target.stat().st_size:
        return target
    options = [f"--aptopt={line}" for line in apt_options()]
    words = ["mmdebstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", *options, suite, str(target)]
    done = subprocess.run([*words, *sources(suite)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return target


def apt_options() -> list[str]:
    """Return how this machine's apt reaches its mirror, and what it forgives one."""
    dumped = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout
    return re.findall(r"(?m)^(Acquire::(?:Check-\S+|https?::Proxy\S*) \"[^\"]*\";)$", dumped)


def make(archive: Path, folder: Path, wheels: Path | None = None) -> FreshRoot:
    """Unpack a root, with this machine's way to its mirrors, and an ordinary user who may use sudo.

    `wheels` is a folder that pip is to take all wheels from, where fetching is not what is tried.
    """
    folder.mkdir()
    subprocess.run(["tar", "-C", str(folder), "-xf", str(archive), "--exclude=./dev/*"], check=True)
    for name in ("resolv.conf", "hosts", "ssl/certs/ca-certificates.crt"):
        shutil.copyfile(f"/etc/{name}", folder / "etc" / name)
    settings = {"no-index": "true", "find-links": str(wheels)} if wheels else pip_settings()
    lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
    (folder / "etc" / "pip.conf").write_text(f"[global]\n{lines}")
    # The pages of an index in a folder name files beside that folder.
    indexes = [Path(word[7:]).parent for value in settings.values() for word in value.split() if word[:7] == "file://"]
    places = {*indexes, *(Path(word) for value in settings.values() for word in value.split())}
    for file in (place for place in places if place.is_absolute() and place.is_file()):
        (folder / file.relative_to("/")).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / file.relative_to("/"))
    shared = sorted(str(place) for place in places if place.is_absolute() and place.is_dir())
    (folder / "etc" / "shared-folders").write_text("".join(f"{place}\n" for place in shared))
    root = FreshRoot(folder)
    root.must(f"useradd --create-home --shell /bin/bash {USER}")
    (folder / "etc" / "sudoers.d" / USER).write_text(f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
    return root


def pip_settings() -> dict[str, str]:
    """Return what the machine's own pip is told here, by files and by its environment."""
    words = [system_python(), "-m", "pip", "config", "list"]
    listed = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return dict(re.findall(r"(?m)^(?:global|:env:)\.([\w-]+)='(.*)'$", listed))


def system_python() -> str:
    """Return the machine's own Python, whose pip knows the way to an index."""
    return shutil.which("python3", path=os.defpath) or sys.executable


def link_wheels(folder: Path) -> Path:
    """Fill a folder with the wheels that this machine's store has, as pip takes them; they cost no space."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    result = nix("eval", "--json", "-f", "nix/debian", "files.wheels")
    assert result.returncode == 0, result.stderr
    found = {entry["file"]: Path(entry["path"]) for entry in json.loads(result.stdout)}
    for name, path in found.items():
        try:
            if path.exists():
                os.link(path, folder / name)
        except OSError:
            shutil.copyfile(path, folder / name)
    # pip asks seqeval's source distribution what it is, and that asks for this.
    words = [system_python(), "-m", "pip", "download", "--quiet", "--dest", str(folder), "setuptools_scm"]
    subprocess.run(words, check=True)
    return folder


def remove(folder: Path) -> None:
    """Remove a root, in which Nix has closed its folders."""
    subprocess.run(["rm", "-rf", "--one-file-system", str(folder)], check=True)
