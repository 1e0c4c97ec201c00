"""The fetch step fails with the thing, the reason and the remedy, and brings the same bits from everywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from commands import nix
from fetching import FetchError, masked
from fetching import nix as store
from fetching.screen import Log, Screen
from fetching.wheels import Wheels

NOWHERE = "http://127.0.0.1:9"


def entry_of(name: str) -> dict[str, Any]:
    """Return a package of the lock."""
    return next(entry for entry in store.Output("lab").files()[1] if entry["name"] == name)


@pytest.fixture
def six() -> dict[str, Any]:
    """Return one small wheel of the lock."""
    return entry_of("six")


def fetch(entry: dict[str, Any], folder: Path, folders: list[str]) -> None:
    """Fetch one package, as the fetch step does."""
    log = Log("test-fetch")
    try:
        Wheels([entry], Screen("fetch"), log).fetch(folder, folders)
    finally:
        log.path.unlink(missing_ok=True)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave pip with nothing but what the test gives it."""
    for name in [name for name in os.environ if name.startswith("PIP_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "5")


@pytest.mark.usefixtures("alone")
def test_wrong_hash_names_the_file(six: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that offers other content under a locked name is found out, and the message names the file."""
    offered = tmp_path / "offered"
    offered.mkdir()
    shutil.copyfile(six["path"], offered / six["file"])
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(offered))
    with pytest.raises(FetchError, match=rf"Wrong hash: {six['file']}"):
        fetch({**six, "sha256": "0" * 64}, tmp_path / "wheels", [])


@pytest.mark.usefixtures("alone")
def test_wheels_of_a_named_folder_are_taken(
    six: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--wheels FOLDER serves where no index can be reached, and the file arrives in the store under its own path."""
    shutil.copyfile(six["path"], tmp_path / six["file"])
    monkeypatch.setenv("PIP_INDEX_URL", f"{NOWHERE}/simple")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    fetch(six, tmp_path / "wheels", [str(tmp_path)])
    assert store.valid([six["path"]])
    assert list((tmp_path / "wheels").glob("*.whl")) == []


@pytest.mark.usefixtures("alone")
def test_wishes_about_other_packages_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who wants no sources, nothing but sources, or pip in virtual environments alone gets what is locked."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_REQUIRE_VIRTUALENV", "1")
    for name in ("ipadic", "setuptools", "six"):
        entry = entry_of(name)
        shutil.copyfile(entry["path"], tmp_path / entry["file"])
    monkeypatch.setenv("PIP_ONLY_BINARY", ":all:")
    fetch(entry_of("ipadic"), tmp_path / "sources", [str(tmp_path)])
    monkeypatch.delenv("PIP_ONLY_BINARY")
    monkeypatch.setenv("PIP_NO_BINARY", ":all:")
    fetch(entry_of("six"), tmp_path / "wheels", [str(tmp_path)])


@pytest.mark.usefixtures("alone")
def test_unreachable_index_is_named_with_its_remedy(
    six: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an index the message says which setting names another, and what the proxies are."""
    monkeypatch.setenv("PIP_INDEX_URL", f"{NOWHERE}/simple")
    with pytest.raises(FetchError, match="PIP_INDEX_URL names another") as caught:
        fetch(six, tmp_path / "wheels", [])
    assert "proxy settings in force: none set" in str(caught.value)


@pytest.mark.usefixtures("alone")
def test_refusing_proxy_is_named_without_its_password(
    six: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that refuses is part of the message; its password is not."""
    monkeypatch.setenv("HTTPS_PROXY", "http://taro:himitsu@127.0.0.1:9")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example.org/simple")
    with pytest.raises(FetchError, match="HTTPS_PROXY=http://") as caught:
        fetch(six, tmp_path / "wheels", [])
    assert "himitsu" not in str(caught.value)


@pytest.mark.usefixtures("alone")
def test_no_place_for_torch_offers_cuda(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing has torch's CPU wheel, the message says so and offers the other two ways."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    torch = entry_of("torch")
    with pytest.raises(FetchError, match=r"--wheels FOLDER.*--gpu, about 3\.7 GB"):
        fetch(torch, tmp_path / "wheels", [])


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_full_disk_is_said(six: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk for temporary files the message says so, and nothing half-made is in the store."""
    offered = tmp_path / "offered"
    small = tmp_path / "small"
    for folder in (offered, small):
        folder.mkdir()
    shutil.copyfile(six["path"], offered / six["file"])
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(small)], check=False)
    if mounted.returncode:
        pytest.skip("this machine forbids mounting a tmpfs")
    try:
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        with pytest.raises(FetchError, match="disk for temporary files is full"):
            fetch(six, small / "wheels", [str(offered)])
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_credentials_are_masked() -> None:
    """No address is printed with the password in it."""
    assert masked("at http://taro:himitsu@proxy:8080/x") == "at http://***@proxy:8080/x"
    assert masked("http://taro:hi@mitsu@proxy/, https://token@host/") == "http://***@proxy/, https://***@host/"


@pytest.mark.parametrize("output", ["environment-all", "jupyter-utils"])
def test_rebuild_gives_the_same_bits(output: str) -> None:
    """What is merged and compiled here comes out bit for bit the same a second time."""
    assert nix("build", "--no-link", "-f", "nix/debian", output).returncode == 0
    result = nix("build", "--rebuild", "--no-link", "-f", "nix/debian", output)
    assert result.returncode == 0, result.stderr


@pytest.mark.full
def test_every_package_rebuilds_to_the_same_bits() -> None:
    """Every derivation of the environment that is built (not fetched) is deterministic."""
    assert nix("build", "--no-link", "-f", "nix/debian", "python").returncode == 0
    top = nix("eval", "--raw", "-f", "nix/debian", "python.drvPath").stdout
    closure = subprocess.run(["nix-store", "-qR", top], check=True, capture_output=True, text=True).stdout.split()
    built = [path for path in closure if path.endswith(".drv") and "builtin:fetchurl" not in Path(path).read_text()]
    command = ["nix-store", "--realise", "--check", "--keep-going", *built]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-4000:]
