"""What an overlay says of its packages: of each the file, the address or the commit, or that it is not known."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import overlays
import package_index
import pytest
from jupyter_utils.environments.overlay_record import Package, read_record, written
from jupyter_utils.errors import OverlayError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def index() -> Iterator[package_index.PackageIndex]:
    """Offer `alpha`, which needs `beta`, to those with the login, and `gamma` for its address."""
    offered = package_index.PackageIndex(login=("reader", "s3cret"))
    offered.add_wheel("alpha", "1.0", "beta>=1")
    offered.add_wheel("beta", "2.0")
    offered.add_wheel("gamma", "3.0")
    with package_index.serving(offered) as served:
        yield served


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make projects: one with a commit, one that is worked on, one without Git."""
    place = tmp_path_factory.mktemp("projects")
    for name in ("committed", "worked_on", "plain"):
        overlays.make_project(place / name, name)
    overlays.make_commit(place / "committed")
    overlays.make_commit(place / "worked_on")
    overlays.make_source(place, overlays.make_project(place / "packed", "packed"), "packed")
    return place


@pytest.fixture(scope="module")
def root(index: package_index.PackageIndex, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install one package of each kind."""
    place = tmp_path_factory.mktemp("notebooks")
    gamma = f"{index.url_with_login.removesuffix('/simple')}/files/gamma-3.0-py3-none-any.whl?token=t0ken"
    kinds = ["alpha", f"gamma @ {gamma}", folder / "packed-1.0.tar.gz", f"git+file://{folder}/committed"]
    done = overlays.pip(
        place, "install", *kinds, folder / "plain", "-e", folder / "worked_on", PIP_INDEX_URL=index.url_with_login
    )
    assert done.returncode == 0, done.stderr
    return place


@pytest.fixture(scope="module")
def packages(root: Path) -> dict[str, Package]:
    """Return the record by name."""
    return {one.name: one for one in overlays.overlay(root).sources()}


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_a_package_of_an_index(name: str, packages: dict[str, Package], index: package_index.PackageIndex) -> None:
    """Its file and the hash, whether asked for or brought along; not which index it was."""
    one = packages[name]
    assert one.sha256 == package_index.sha256(index.files[str(one.file)])
    assert (one.exact, one.url, one.note) == (True, None, None)


def test_nothing_tells_the_index_or_a_secret(root: Path) -> None:
    """Neither the run's record, nor what the overlay keeps for it."""
    overlay = overlays.overlay(root)
    kept = (overlay.path / "installed.json").read_text()
    assert "/simple" not in kept
    for text in (kept, written(overlay.sources())):
        assert not {word for word in ("reader", "s3cret", "t0ken") if word in text}


def test_a_file_named_by_its_address(packages: dict[str, Package], index: package_index.PackageIndex) -> None:
    """Address and hash; that a secret was left out is said."""
    one = packages["gamma"]
    assert one.sha256 == package_index.sha256(index.files["gamma-3.0-py3-none-any.whl"])
    assert one.exact
    assert str(one.url).endswith("/files/gamma-3.0-py3-none-any.whl?token=***")
    assert "secret" in str(one.note)


def test_a_source_distribution_on_this_machine(packages: dict[str, Package], folder: Path) -> None:
    """The hash is that of the file which was built; where it lay; and that it is built again."""
    one, file = packages["packed"], folder / "packed-1.0.tar.gz"
    assert (one.sha256, one.url) == (package_index.sha256(file.read_bytes()), f"file://{file}")
    assert one.exact
    assert "built again" in str(one.note)


def test_a_commit(packages: dict[str, Package], folder: Path) -> None:
    """Git's own name of the content, in the form that pip takes."""
    one = packages["committed"]
    head = ["git", "-C", str(folder / "committed"), "rev-parse", "HEAD"]
    commit = subprocess.run(head, check=True, capture_output=True, text=True).stdout.strip()
    assert (one.url, one.exact) == (f"git+file://{folder}/committed@{commit}", True)


def test_folders_are_not_exact(packages: dict[str, Package]) -> None:
    """Where it lies and its commit are said, and that this is not all."""
    editable, plain = packages["worked_on"], packages["plain"]
    assert (editable.exact, editable.editable, len(str(editable.commit))) == (False, True, 40)
    assert "may be others" in str(editable.note)
    assert (plain.exact, plain.editable, plain.commit) == (False, False, None)


def test_the_record_reads_back(packages: dict[str, Package]) -> None:
    """Whole, and each entry says whether it is exact."""
    text = written(packages.values())
    assert read_record(text) == tuple(packages.values())
    assert all("exact" in one for one in json.loads(text)["packages"])


def test_another_file_of_the_same_version(tmp_path: Path) -> None:
    """What another program puts in its place is not taken for the recorded one; %pip has it recorded again."""
    first, second = tmp_path / "first", tmp_path / "second"
    for place, tag in ((first, "py3-none-any"), (second, "py2.py3-none-any")):
        offered = package_index.PackageIndex()
        offered.add_wheel("delta", "1.0", tag=tag)
        place.mkdir()
        for name, content in offered.files.items():
            (place / name).write_bytes(content)
    options = ["install", "--no-index", "--no-deps", "--force-reinstall", "delta"]
    assert overlays.pip(tmp_path, *options, "--find-links", first).returncode == 0
    overlay = overlays.overlay(tmp_path)
    assert [one.exact for one in overlay.sources()] == [True]
    past = [*overlay.pip(options), "--find-links", str(second)]
    subprocess.run(past, check=True, capture_output=True)
    (one,) = overlay.sources()
    assert (one.exact, one.sha256) == (False, None)
    assert "--force-reinstall --no-deps delta==1.0" in str(one.note)
    assert overlays.pip(tmp_path, *options, "--find-links", second).returncode == 0
    (one,) = overlay.sources()
    assert one.sha256 == package_index.sha256((second / "delta-1.0-py2.py3-none-any.whl").read_bytes())


def test_what_failed_is_not_recorded(folder: Path, tmp_path: Path) -> None:
    """Pip's exit code is handed on, and its report, which it writes before it installs, is not believed."""
    broken = overlays.make_project(tmp_path / "broken", "broken")
    (broken / "broken.py").unlink()
    assert overlays.pip(tmp_path, "install", "--no-index", folder / "plain", broken).returncode == 1
    assert overlays.overlay(tmp_path).sources() == ()
    assert overlays.pip(tmp_path, "list").returncode == 0


@pytest.mark.parametrize(
    "said",
    [
        {"name": "x --index-url http://evil"},
        {"name": "-e"},
        {"version": "1.0\n--index-url http://evil"},
        {"version": "1.0 @ http://evil"},
        {"sha256": "0" * 63},
        {"url": "git+ssh://-oProxyCommand=evil/x@" + "0" * 40},
        {"url": "git+ext::sh -c evil"},
        {"url": "https://host/x.whl --no-binary x"},
        {"file": "../x.whl"},
        {"version": 1},
    ],
)
def test_a_record_that_means_something_else_to_pip(said: dict[str, object]) -> None:
    """It may come from anybody, and becomes lines of a requirements file."""
    one = {"name": "x", "version": "1.0", "exact": True, "sha256": "0" * 64} | said
    with pytest.raises(OverlayError, match="cannot be read"):
        read_record(json.dumps({"format": 1, "packages": [one]}))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1, "packages": [{"name": "x"}]}'])
def test_no_record(text: str) -> None:
    """It is refused in words."""
    with pytest.raises(OverlayError, match="cannot be read"):
        read_record(text)


def test_a_later_format() -> None:
    """The remedy is named."""
    with pytest.raises(OverlayError, match="take the version of jupyter-utils"):
        read_record('{"format": 2, "packages": []}')
