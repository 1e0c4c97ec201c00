"""What is locked stays; what is new comes; what cannot be is refused, and nothing is changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from small_lab import LockError

if TYPE_CHECKING:
    from package_index import PackageIndex
    from small_lab import Lab


def test_a_lock_that_fits_is_left_as_it_is(lab: Lab, index: PackageIndex, capsys: pytest.CaptureFixture[str]) -> None:
    """Without options nothing is asked of the index and not a byte changes, though newer packages are there."""
    before = lab.contents()
    index.add_wheel("alpha", "2.0")
    index.asked.clear()
    lab.lock()
    assert lab.contents() == before
    assert index.asked == []
    assert "left as it is" in capsys.readouterr().err


@pytest.mark.full
@pytest.mark.parametrize("lost", ["files.json", "poetry.lock"])
def test_a_lost_file_comes_back(lab: Lab, lost: str) -> None:
    """Resolving anew what is locked gives the same bytes."""
    before = lab.contents()
    (lab.folder / lost).unlink()
    lab.lock()
    assert lab.contents() == before


@pytest.mark.full
def test_a_changed_list_is_mended(lab: Lab) -> None:
    """A row that somebody changed by hand does not pass for up to date."""
    before = lab.contents()
    path = lab.folder / "files.json"
    path.write_text(path.read_text().replace('"version": "1.0"', '"version": "1.1"'))
    lab.lock()
    assert lab.contents() == before


def test_direct_paths_come_from_the_index(lab: Lab, index: PackageIndex) -> None:
    """An index whose links tell by which path a file lies is believed; one that does not leaves the path out."""
    assert not any("direct" in row for row in lab.rows())
    index.direct = True
    lab.ask('beta = "*"')
    lab.lock()
    assert {row["name"]: row["direct"] for row in lab.rows()} == {
        row["name"]: index.place(str(row["file"])).removeprefix("packages/") for row in lab.rows()
    }


def test_one_package_more(lab: Lab, index: PackageIndex) -> None:
    """What is added comes in its newest version, all else stays as it was, newer ones and better files or not."""
    index.add_wheel("beta", "1.1")
    index.add_wheel("alpha", "2.0")
    index.add_wheel("gamma", "1.0", tag="cp311-cp311-manylinux_2_28_x86_64")
    before = {row["name"]: row for row in lab.rows()}
    lab.ask('beta = "*"')
    lab.lock()
    after = {row["name"]: row for row in lab.rows()}
    assert after.pop("beta")["version"] == "1.1"
    assert after == before


@pytest.mark.full
def test_update_of_one_package(lab: Lab, index: PackageIndex) -> None:
    """--update NAME moves that one, however its name is spelled."""
    for name in ("alpha", "gamma"):
        index.add_wheel(name, "2.0")
    lab.lock("Alpha")
    assert lab.versions() == {"alpha": "2.0", "sourced": "1.0", "torch": "2.13.0"}
    index.add_wheel("alpha", "3.0", "gamma")
    lab.lock(newest=True)
    assert lab.versions() == {"alpha": "3.0", "gamma": "2.0", "sourced": "1.0", "torch": "2.13.0"}


@pytest.mark.parametrize(("name", "hint"), [("alhpa", "did you mean alpha?"), ("zzz", "add it to")])
def test_misspelt_update(lab: Lab, index: PackageIndex, name: str, hint: str) -> None:
    """A name that the lock does not know is refused at once, with what was meant."""
    before = lab.contents()
    index.asked.clear()
    with pytest.raises(LockError, match=f"--update {name}: the lock has no such package; .*{hint[:12]}"):
        lab.lock("gamma", name)
    assert lab.contents() == before
    assert index.asked == []


@pytest.mark.parametrize(
    ("line", "reason", "remedy"),
    [
        ('nosuch = "*"', "depends on nosuch (*) which doesn't match any versions", "Look at its name"),
        pytest.param(
            'beta = "99"',
            "depends on beta (99) which doesn't match any versions",
            "Look at its name",
            marks=pytest.mark.full,
        ),
        pytest.param(
            'torch = "2.12.0"', "torch (==2.12.0) torch (==2.13.0)", "Loosen one of them", marks=pytest.mark.full
        ),
        ('clash = "*"', "clash (1.0) depends on gamma (>=2)", "Loosen one of them"),
        pytest.param(
            'modern = "*"', "modern (1.0) requires Python >=3.12", "The lab's Python is 3.11", marks=pytest.mark.full
        ),
        pytest.param(
            'beta = "one"', "Could not parse version constraint: one", "Poetry's words", marks=pytest.mark.full
        ),
    ],
)
def test_what_does_not_resolve(lab: Lab, index: PackageIndex, line: str, reason: str, remedy: str) -> None:
    """Three lines say that nothing was changed, why, and what to do; and nothing was changed."""
    index.add_wheel("clash", "1.0", "gamma>=2")
    index.add_wheel("modern", "1.0", python=">=3.12")
    lab.ask(line)
    before = lab.contents()
    with pytest.raises(LockError) as raised:
        lab.lock()
    assert lab.contents() == before
    said = str(raised.value).splitlines()
    assert len(said) == 3
    assert said[0].startswith("nothing was changed")
    assert reason in said[1]
    assert remedy in said[2]


@pytest.mark.full
def test_no_file_for_this_platform(lab: Lab, index: PackageIndex) -> None:
    """A package that has wheels for other systems only is named; one that is for them alone is no obstacle."""
    index.add_wheel("mac-only", "1.0", tag="cp311-cp311-macosx_11_0_arm64")
    lab.ask('mac-only = { version = "*", markers = "sys_platform == \'darwin\'" }')
    lab.lock()
    assert "mac-only" not in lab.versions()
    path = lab.folder / "pyproject.toml"
    path.write_text(path.read_text().replace("'darwin'", "'linux'"))
    before = lab.contents()
    with pytest.raises(LockError, match=r"mac-only 1\.0 has no file for Python 3\.11 on Linux x86_64"):
        lab.lock()
    assert lab.contents() == before


@pytest.mark.full
def test_torch_of_another_release(lab: Lab) -> None:
    """The CPU wheel that torch-cpu.json names must be of the release that is locked, or nothing is written."""
    path = lab.folder / "torch-cpu.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": "2.12.0+cpu"}))
    before = lab.contents()
    with pytest.raises(LockError, match=r"torch-cpu.json is of torch 2\.12\.0"):
        lab.lock()
    assert lab.contents() == before


def test_a_merge_that_met_in_the_lock(lab: Lab) -> None:
    """Git's conflict marks are answered with the way out."""
    path = lab.folder / "poetry.lock"
    path.write_text("<<<<<<< HEAD\n" + path.read_text())
    with pytest.raises(LockError, match="git checkout --theirs"):
        lab.lock()


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"[tool.poetry\n", "is not TOML"), ("# 日本\n".encode("euc-jp"), "is not UTF-8")],
)
def test_wishes_that_cannot_be_read(lab: Lab, content: bytes, words: str) -> None:
    """A slip in pyproject.toml is named with its file."""
    path = lab.folder / "pyproject.toml"
    path.write_bytes(content + path.read_bytes())
    with pytest.raises(LockError, match=rf"pyproject\.toml {words}"):
        lab.lock()


@pytest.mark.full
def test_windows_line_ends(lab: Lab) -> None:
    """A checkout with CRLF, or a mark at the start of the wishes, is no reason to fail."""
    path = lab.folder / "pyproject.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    lab.ask('beta = "*"')
    lab.lock()
    assert "beta" in lab.versions()
