"""An overlay that is restored from a run's record: the same files, whatever offers them, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import overlays
import package_index
import pytest
from jupyter_utils.environments.overlay import restore_overlay
from jupyter_utils.environments.overlay_record import Package
from jupyter_utils.errors import OverlayError
from jupyter_utils.kernels.overlay import Overlay

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOWHERE = "http://127.0.0.1:9/simple"


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[package_index.PackageIndex]:
    """Offer two packages, and have pip configured for that."""
    offered = package_index.PackageIndex()
    for name in ("alpha", "beta"):
        offered.add_wheel(name, "1.0")
    with package_index.serving(offered) as served:
        for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PIP_INDEX_URL", served.url)
        monkeypatch.setenv("PIP_RETRIES", "0")
        yield served


def recorded(index: package_index.PackageIndex, name: str, **more: str) -> Package:
    """Return what a run says of a package of the index."""
    file = f"{name}-1.0-py3-none-any.whl"
    return Package(name, "1.0", exact=True, sha256=package_index.sha256(index.files[file]), file=file, **more)


def offer_another(index: package_index.PackageIndex, name: str) -> None:
    """Put another file of the same name and version in its place, as an index that was changed has."""
    held = index.files.pop(f"{name}-1.0-py3-none-any.whl")
    index.add_wheel(name, "1.0", "changed")
    assert held != index.files[f"{name}-1.0-py3-none-any.whl"]


def imported(overlay: Path, *names: str) -> str:
    """Import modules, and one of the environment's, with the overlay's interpreter."""
    code = f"import click, {', '.join(names)}; print({', '.join(f'{name}.__version__' for name in names)})"
    command = [str(overlay / "bin" / "python"), "-I", "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_from_the_index(index: package_index.PackageIndex, tmp_path: Path) -> None:
    """The same packages, which the new overlay's own record says again, beside the environment's."""
    record = (recorded(index, "alpha"), recorded(index, "beta"))
    assert restore_overlay(record, tmp_path / "again").installed == record
    assert Overlay(tmp_path / "again").sources() == record
    assert imported(tmp_path / "again", "alpha", "beta") == "1.0 1.0"
    assert Overlay(tmp_path / "again").is_current()


def test_a_file_that_was_changed_or_is_gone(index: package_index.PackageIndex, tmp_path: Path) -> None:
    """All such are named, with the file that is wanted and the remedy; nothing is installed."""
    gone = replace(recorded(index, "alpha"), name="gamma")
    record = (recorded(index, "alpha"), recorded(index, "beta"), gone)
    offer_another(index, "alpha")
    with pytest.raises(OverlayError, match="--wheels") as caught:
        restore_overlay(record, tmp_path / "again")
    said = str(caught.value)
    wanted = f"(wanted: alpha-1.0-py3-none-any.whl, SHA-256 {record[0].sha256})"
    assert f"alpha==1.0: what is offered has another SHA-256 {wanted}" in said
    assert "gamma==1.0: No matching distribution found" in said
    assert "beta" not in said
    assert not (tmp_path / "again").exists()


def test_from_a_folder_of_wheels(
    index: package_index.PackageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It needs no index, and what else lies there or in pip's settings is not taken, if only the hash fits."""
    record = (recorded(index, "alpha"), recorded(index, "beta"))
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name, content in index.files.items():
        (wheels / name).write_bytes(content)
    index.add_wheel("alpha", "1.0", tag="py311-none-any")  # which pip prefers
    (wheels / "alpha-1.0-py311-none-any.whl").write_bytes(index.files["alpha-1.0-py311-none-any.whl"])
    monkeypatch.setenv("PIP_INDEX_URL", NOWHERE)
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    restore_overlay(record, tmp_path / "again", wheels=wheels)
    assert Overlay(tmp_path / "again").sources() == record


def test_a_folder_with_another_file_of_that_name(index: package_index.PackageIndex, tmp_path: Path) -> None:
    """The index has the right one."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "alpha-1.0-py3-none-any.whl").write_bytes(b"no wheel")
    restore_overlay([recorded(index, "alpha")], tmp_path / "again", wheels=wheels)
    assert imported(tmp_path / "again", "alpha") == "1.0"


@pytest.mark.parametrize("there", [True, False], ids=["there", "gone"])
def test_by_its_address(index: package_index.PackageIndex, there: bool, tmp_path: Path) -> None:
    """From there, or from the index where it is gone: the hash says that it is the same."""
    place = f"{index.url.removesuffix('/simple')}/files" if there else NOWHERE
    one = recorded(index, "alpha", url=f"{place}/alpha-1.0-py3-none-any.whl")
    restore_overlay([one], tmp_path / "again")
    (again,) = Overlay(tmp_path / "again").sources()
    assert (again.sha256, again.url) == (one.sha256, one.url if there else None)


def test_an_address_with_another_content(index: package_index.PackageIndex, tmp_path: Path) -> None:
    """As an index with another content: refused."""
    url = f"{index.url.removesuffix('/simple')}/files/alpha-1.0-py3-none-any.whl"
    one = recorded(index, "alpha", url=url)
    offer_another(index, "alpha")
    with pytest.raises(OverlayError, match=r"alpha==1\.0: what is offered has another SHA-256"):
        restore_overlay([one], tmp_path / "again")


def test_sources_and_commits_are_built(index: package_index.PackageIndex, tmp_path: Path) -> None:
    """From the file where it lay, or from the folder; and from a repository."""
    overlays.make_commit(overlays.make_project(tmp_path / "committed", "committed"))
    file = overlays.make_source(tmp_path, overlays.make_project(tmp_path / "packed", "packed"), "packed")
    assert overlays.pip(tmp_path, "install", file, f"git+file://{tmp_path}/committed").returncode == 0
    record = overlays.overlay(tmp_path).sources()
    assert all(one.exact for one in record)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    shutil.move(file, wheels)
    index.add_wheel("packed", "1.0")  # which pip prefers to a source
    restore_overlay(record, tmp_path / "again", wheels=wheels)
    again = Overlay(tmp_path / "again").sources()
    assert [(one.name, one.sha256, one.commit) for one in again] == [
        (one.name, one.sha256, one.commit) for one in record
    ]


def test_a_commit_that_is_gone(tmp_path: Path) -> None:
    """It is named."""
    url = f"git+file://{tmp_path}/gone@{'0' * 40}"
    with pytest.raises(OverlayError, match=r"committed==1\.0: "):
        restore_overlay([Package("committed", "1.0", exact=True, url=url)], tmp_path / "again")


def test_what_nobody_knows_is_left_out(index: package_index.PackageIndex, tmp_path: Path) -> None:
    """An overlay without it, and a word on it, instead of something alike."""
    unknown = Package("beta", "1.0", exact=False, note="not known")
    folder = Package("worked_on", "1.0", exact=False, url=f"file://{tmp_path}", editable=True)
    found = restore_overlay([recorded(index, "alpha"), unknown, folder], tmp_path / "again")
    assert found.left == (unknown, folder)
    assert [str(one) for one in Overlay(tmp_path / "again").sources()] == ["alpha==1.0"]


def test_a_package_of_the_environments_own_name(index: package_index.PackageIndex, tmp_path: Path) -> None:
    """Another version of what the environment has is put before it, as `%pip` does."""
    index.add_wheel("click", "1.0")
    restore_overlay([recorded(index, "click")], tmp_path / "again")
    assert imported(tmp_path / "again", "click") == "1.0"


def test_not_into_a_folder_that_holds_something(index: package_index.PackageIndex, tmp_path: Path) -> None:
    """What is there stays."""
    (tmp_path / "mine").write_text("mine")
    for target in (tmp_path, tmp_path / "mine"):
        with pytest.raises(OverlayError, match="a folder of its own"):
            restore_overlay([recorded(index, "alpha")], target)
    assert (tmp_path / "mine").read_text() == "mine"


def test_on_another_environment(index: package_index.PackageIndex, tmp_path: Path) -> None:
    """As one that was just built: its interpreter, its packages."""
    other = tmp_path / "other"
    restore_overlay([recorded(index, "beta")], other)
    restore_overlay([recorded(index, "alpha")], tmp_path / "again", python=other / "bin" / "python")
    assert imported(tmp_path / "again", "alpha", "beta") == "1.0 1.0"
