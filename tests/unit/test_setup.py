"""What ./quickstart does before it fetches: each machine and each folder is taken as it is, or refused in one line."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.doctor.gpu import MINIMUM_DRIVER
from setting_up import ROOT, copied, setup

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of what ./quickstart runs, in which nothing was built."""
    return copied(tmp_path / "copy")


@pytest.fixture
def machine(tmp_path: Path):
    """Return a function that puts a program of another machine first on the path, and returns that path."""

    def put(name: str, script: str) -> str:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
        return f"{folder}:{os.environ['PATH']}"

    return put


@pytest.mark.parametrize("shell", [["sh"], ["bash"], ["dash"], ["bash", "--posix"]])
@pytest.mark.parametrize("script", ["quickstart", "check"])
def test_any_shell_starts_it(checkout: Path, shell: list[str], script: str) -> None:
    """Where the disk keeps no executable bit, `sh quickstart` does it as well as `bash quickstart`."""
    if shutil.which(shell[0]) is None:
        pytest.skip(f"no {shell[0]} on this machine")
    (checkout / script).chmod(0o644)
    done = subprocess.run([*shell, script, "--help"], cwd=checkout, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a folder read-only needs root")
def test_checkout_that_cannot_be_written_to(checkout: Path) -> None:
    """One line says so, and how to use the lab from there all the same."""
    mount = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec "$1/quickstart" --build-only'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mount, "sh", str(checkout)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"{checkout} cannot be written to by root" in done.stderr
    assert f"run -f '{checkout}/nix/debian' lab" in done.stderr


def test_disk_without_symbolic_links(checkout: Path, machine) -> None:
    """A disk on which `ln -s` fails is named before anything is installed or built."""
    done = setup("check_checkout", checkout, PATH=machine("ln", "exit 1"))
    assert done.returncode == 1
    assert f"the disk of {checkout}" in done.stderr
    assert "knows no symbolic links" in done.stderr
    assert list((checkout / ".cache").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "why"), [("my lab", "its path has signs"), ("研究", "its path has signs"), ("lab", "it is no Git clone")]
)
def test_folder_that_is_no_flake_says_what_to_write_instead(tmp_path: Path, name: str, why: str) -> None:
    """A path with spaces or Japanese, or a tarball: `nix run .#` is replaced by `nix run -f`, with the reason."""
    shutil.copytree(ROOT / "nix" / "setup", tmp_path / name / "nix" / "setup")
    done = setup("say_what_is_there lab", tmp_path / name)
    assert "nix run -f nix/debian NAME instead of nix run .#debian.NAME" in done.stderr
    assert why in done.stderr


@pytest.mark.parametrize("content", [b"0\x82\x03\x00", b"", b"-----BEGIN PRIVATE KEY-----\n"])
def test_certificates_that_are_no_pem_are_refused(tmp_path: Path, content: bytes) -> None:
    """As Windows exports them (DER): said before anything is fetched, not as an error of TLS later."""
    (tmp_path / "company.cer").write_bytes(content)
    done = setup('cd "$FOLDER"; use_certificates ./company.cer', FOLDER=str(tmp_path))
    assert done.returncode == 1
    assert "./company.cer, which is no PEM file" in done.stderr
    assert "openssl x509 -inform der -in './company.cer' -out company.pem" in done.stderr
    assert not (tmp_path / ".cache").exists()


@pytest.mark.parametrize(
    ("answer", "variant"),
    [
        ("echo 535.183.01; echo 535.183.01", "cpu"),
        ("echo 580.65.06", "gpu"),
        ("exit 9", "gpu"),
        ("echo garbage", "gpu"),
    ],
)
def test_a_driver_that_is_too_old_gets_the_small_environment(machine, answer: str, variant: str) -> None:
    """Not three gigabytes that it cannot run; a driver that does not say its version is believed to be new."""
    choose = 'driver_in_sight() { :; }; why=; choose_variant; echo "$variant $why"'
    done = setup(choose, PATH=machine("nvidia-smi", answer))
    assert done.stdout.startswith(variant), done.stdout + done.stderr
    assert ("the NVIDIA driver is 535, and CUDA needs 580 or newer" in done.stdout) == (variant == "cpu")


def test_setup_and_doctor_want_the_same_driver() -> None:
    """The lock's CUDA decides it."""
    assert setup("echo $MINIMUM_DRIVER").stdout.split() == [str(MINIMUM_DRIVER[13])]


def test_python_without_pip_is_passed_over(machine) -> None:
    """An active virtual environment without pip does not hide the Python that has it."""
    folder = machine("python3", "exit 1").split(":", maxsplit=1)[0]
    assert setup("python_with pip", PATH=f"{folder}:{os.defpath}").stdout in {"/usr/bin/python3", "/bin/python3"}


@pytest.mark.parametrize("name", ["PYTHONHOME", "PYTHONPATH"])
def test_another_pythons_folders_do_no_harm(tmp_path: Path, name: str) -> None:
    """PYTHONHOME and PYTHONPATH of another Python (conda, a module system) reach no Python of the set-up."""
    (tmp_path / "re.py").write_text("raise SystemExit('the wrong module')")
    done = setup("with_python nix/debian/fetch.py --help", PATH=os.defpath, **{name: str(tmp_path)})
    assert done.returncode == 0, done.stderr


def test_another_nix_stays_as_it_is(tmp_path: Path) -> None:
    """Where Nix was here before, the line that other shells lack is printed, and no file is written."""
    if shutil.which("nix") is None:
        pytest.skip("no nix on the path")
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "NIX_CONFIG": "experimental-features ="}
    done = setup("say_what_fresh_shells_need", **home)
    assert "'experimental-features = nix-command flakes'" in done.stderr
    assert "stays as it is" in done.stderr
    home["NIX_CONFIG"] = "experimental-features = nix-command flakes\nbuild-users-group ="
    assert setup("say_what_fresh_shells_need", **home).stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_root_does_not_take_a_users_store(machine) -> None:
    """`sudo ./quickstart` where /nix belongs to somebody ends before root's files shut the owner out."""
    machine("id", '[ "$1" = -u ] && echo 0 || echo root')
    done = setup("refuse_foreign_store", PATH=machine("stat", "echo hanako"))
    assert done.returncode == 1
    assert "/nix belongs to hanako" in done.stderr
    assert "start this as hanako" in done.stderr


def test_user_is_never_told_to_take_anothers_store(machine) -> None:
    """Who finds another's /nix is told how both can use it, and no command changes its owner."""
    machine("id", "case $1 in -u) echo 1234 ;; -un) echo taro ;; *) echo taro ;; esac")
    done = setup("DAEMON=/does/not/exist; refuse_foreign_store", PATH=machine("stat", "echo hanako"))
    assert done.returncode == 1
    assert "chown" not in done.stderr
    for name in ("taro", "hanako"):
        assert f"usermod --append --groups nix-users {name}" in done.stderr
    assert "log in again" in done.stderr


def test_member_of_the_next_login(machine) -> None:
    """Who was made a member of nix-users, but has not logged in since, is told just that."""
    machine(
        "id", 'case "$*" in -u) echo 1234 ;; -un) echo taro ;; "-nG taro") echo taro nix-users ;; *) echo taro ;; esac'
    )
    done = setup("DAEMON=/var; refuse_foreign_store", PATH=machine("stat", "echo root"))
    assert done.returncode == 1
    assert "log in again" in done.stderr
    assert "usermod" not in done.stderr


@pytest.mark.parametrize(
    ("missing", "packages"),
    [
        ("", []),
        ("system", ["mmdebstrap", "uidmap"]),
        ("wheels", ["python3-pip"]),
        ("system wheels", ["mmdebstrap", "uidmap", "python3-pip"]),
    ],
)
def test_packages_are_asked_for_only_for_what_is_fetched(missing: str, packages: list[str]) -> None:
    """No uidmap, mmdebstrap or pip where nothing is to be fetched with them."""
    nothing = "command() { false; }; id() { echo 1234; }; python_with() { :; }"
    done = setup(f"{nothing}; packages_to_fetch '{missing}'")
    files = {"debian-archive-keyring", "ca-certificates"}
    assert [name for name in done.stdout.split() if name not in files] == packages


def test_words_for_another_shell() -> None:
    """What is handed to `sg` arrives as it was: spaces, quotes and Japanese."""
    words = ["a b", "it's", '"$HOME"', "研究", ""]
    listed = " ".join(f"$'{word}'".replace("it's", "it\\'s") for word in words)
    done = setup(f"text=$(quoted {listed}); sh -c \"printf '%s|' $text\"")
    assert done.stdout.split("|")[:-1] == words
