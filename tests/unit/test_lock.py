"""The lock, what it was made from and what is derived from it say the same."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version
from small_lab import Tools, direct, is_current, listing, ours

PYTHON = Path(__file__).parents[2] / "python"
# Debian 12's glibc, the oldest that the environment runs on, is 2.36.
PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in range(36, 4, -1)]
PLATFORMS += [f"{name}_x86_64" for name in ("manylinux2014", "manylinux2010", "manylinux1", "linux")]
SUPPORTED = {
    *cpython_tags((3, 11), platforms=PLATFORMS),
    *compatible_tags((3, 11), interpreter="cp311", platforms=PLATFORMS),
}


@pytest.fixture(scope="module")
def lock() -> dict[str, Any]:
    return tomllib.loads((PYTHON / "poetry.lock").read_text())


@pytest.fixture(scope="module")
def files() -> dict[str, Any]:
    return json.loads((PYTHON / "files.json").read_text())


def test_lock_is_of_this_pyproject(files: dict[str, Any]) -> None:
    """After a change of pyproject.toml the lock must be refreshed."""
    asked = listing.asked_for((PYTHON / "pyproject.toml").read_text())
    assert files["asked"] == asked, "pyproject.toml has changed: run python3 python/lock.py"


def test_list_is_of_this_lock(files: dict[str, Any]) -> None:
    """The flat list that Nix reads was derived from the poetry.lock beside it."""
    digest = hashlib.sha256((PYTHON / "poetry.lock").read_bytes()).hexdigest()
    assert files["lock"] == digest, "poetry.lock has changed: run python3 python/lock.py"


def test_lock_meets_every_wish(lock: dict[str, Any]) -> None:
    """Every package that pyproject.toml names is locked, in a version that it allows."""
    locked = {canonicalize_name(package["name"]): Version(package["version"]) for package in lock["package"]}
    poetry = tomllib.loads((PYTHON / "pyproject.toml").read_text())["tool"]["poetry"]
    wishes = dict(poetry["dependencies"])
    for group in poetry["group"].values():
        wishes.update(group["dependencies"])
    del wishes["python"]
    for name, version in wishes.items():
        wanted = version["version"] if isinstance(version, dict) else version
        asked = f"=={wanted}" if wanted[0].isdigit() else wanted.removeprefix("*")
        requirement = Requirement(f"{name}{asked}")
        assert locked[canonicalize_name(name)] in requirement.specifier, name


def test_lock_command_finds_nothing_to_do() -> None:
    """lock.py without options leaves the lock that is committed as it is: the list follows from it byte for byte."""
    assert is_current(ours(PYTHON))


def test_list_holds_what_the_lock_holds(lock: dict[str, Any], files: dict[str, Any]) -> None:
    """Each row's version, file, hash and groups stand in the lock, and no usable package of the lock is left out."""
    rows = {row["name"]: row for row in [*files["common"], *files["cuda"]]}
    with_files = {canonicalize_name(package["name"]): package for package in lock["package"] if package["files"]}
    assert rows.keys() == with_files.keys()
    for name, row in rows.items():
        package = with_files[name]
        (file,) = package["files"]
        assert row["version"] == package["version"]
        assert {"file": row["file"], "hash": f"sha256:{row['sha256']}"} == file
        assert row["groups"] == package["groups"]


def test_no_package_twice(lock: dict[str, Any], files: dict[str, Any]) -> None:
    """Two versions of one package would let every reader choose another one."""
    for rows in (lock["package"], [*files["common"], *files["cuda"]]):
        assert [name for name, count in Counter(row["name"] for row in rows).items() if count > 1] == []


def test_every_wheel_fits_the_platform(lock: dict[str, Any]) -> None:
    """Other systems' wheels stop poetry2nix; two dictionaries and seqeval are the only source distributions."""
    names = [file["file"] for package in lock["package"] for file in package["files"]]
    sdists = [name for name in names if not name.endswith(".whl")]
    assert sorted(parse_sdist_filename(name)[0] for name in sdists) == ["ipadic", "seqeval", "unidic-lite"]
    unfit = [name for name in names if name.endswith(".whl") and not parse_wheel_filename(name)[3] & SUPPORTED]
    assert unfit == []


def test_cpu_wheel_is_of_the_locked_release(lock: dict[str, Any]) -> None:
    """The one declared exception, torch's CPU wheel, is the same release as the lock's torch."""
    cpu = json.loads((PYTHON / "torch-cpu.json").read_text())
    torch = next(package for package in lock["package"] if package["name"] == "torch")
    assert Version(cpu["version"]).public == torch["version"]
    assert parse_wheel_filename(cpu["file"])[1] == Version(cpu["version"])
    assert parse_wheel_filename(cpu["file"])[3] <= SUPPORTED


def test_cpu_list_needs_no_cuda(files: dict[str, Any]) -> None:
    """What only CUDA needs stands apart, so that the CPU environment stays small; asking a driver needs no CUDA."""
    found = [row["name"] for row in files["common"] if row["name"].startswith(("nvidia-", "cuda-", "triton"))]
    assert found == ["nvidia-ml-py"]
    assert {row["name"] for row in files["cuda"]} >= {"torch", "triton", "nvidia-cublas", "cuda-toolkit"}


def test_lock_names_no_index(lock: dict[str, Any]) -> None:
    """Whoever refreshes the lock behind a mirror leaves no trace of it."""
    assert [package["name"] for package in lock["package"] if "source" in package] == []


def test_tools_can_be_installed_by_this_interpreter(tmp_path: Path) -> None:
    """The environment's own Python runs lock.py, as the page says, though Debian's cannot make a pip of its own."""
    tools = Tools(tmp_path)
    listed = subprocess.run([*tools.pip, "list", "--format", "json"], check=True, capture_output=True, text=True).stdout
    assert all(row["name"] in {"pip", "setuptools"} for row in json.loads(listed))
    assert tools.python("-c", "import sys; print(sys.prefix)").strip() == str(tmp_path)


def test_every_file_has_its_direct_path(files: dict[str, Any]) -> None:
    """ab/cd/REST/FILE: the nixpkgs base fetches every file of the lock by it, and no two files share one."""
    rows = [*files["common"], *files["cuda"]]
    for row in rows:
        assert direct.fits(row["direct"], row["file"]), row["name"]
    assert len({row["direct"].rpartition("/")[0] for row in rows}) == len(rows)


def test_direct_paths_are_of_the_files(files: dict[str, Any]) -> None:
    """Name, hash and path belong together, for every file of the lock that this machine's store has."""
    if shutil.which("nix-store") is None:
        pytest.skip("no nix on the path, and so no store; ./check puts it there")
    rows = [*files["common"], *files["cuda"]]
    seen = {row["file"]: (row["direct"], direct.stored(row["sha256"], row["file"])) for row in rows}
    there = {file: paths for file, paths in seen.items() if paths[1]}
    if not there:
        pytest.skip("this machine's store has no file of the lock: ./quickstart brings them")
    assert {file: paths for file, paths in there.items() if paths[0] != paths[1]} == {}


def test_links_of_an_index_tell_the_direct_path() -> None:
    """A link counts only where it has that form and ends with the file; a mirror's own form tells nothing."""
    path = f"ab/cd/{'0' * 60}/six-1.0.tar.gz"
    assert direct.fits(path, "six-1.0.tar.gz")
    for other in ("", "six-1.0.tar.gz", f"x/{path}", path.replace("ab", "AB"), f"ab/cd/{'0' * 59}/six-1.0.tar.gz"):
        assert not direct.fits(other, "six-1.0.tar.gz"), other
    assert not direct.fits(path, "other-1.0.tar.gz")
