"""A project's packages beside the lab's: lock.py --project."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from small_lab import LockError

if TYPE_CHECKING:
    from pathlib import Path

    from package_index import PackageIndex
    from small_lab import Lab

WISHES = '[tool.poetry.dependencies]\npython = "^3.11"\n'


def new_project(folder: Path, *lines: str) -> Path:
    """Make a project that asks for packages of its own."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text(WISHES + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["project", "研究 その 1"])
def test_a_project_beside_the_lab(lab: Lab, tmp_path: Path, name: str) -> None:
    """DIR/lock holds the lab's packages as the lab has them, and the project's in a group of their own."""
    before = lab.contents()
    project = new_project(tmp_path / name, 'beta = "*"')
    lab.lock(project=project)
    rows = {row["name"]: row for row in lab.rows(project / "lock")}
    assert rows.pop("beta")["groups"] == ["project"]
    assert rows == {row["name"]: row for row in lab.rows()}
    assert lab.contents() == before
    assert (project / "lock").stat().st_mode & 0o777 == 0o755
    text = "".join(content.decode() for content in lab.contents(project / "lock").values())
    assert "127.0.0.1" not in text
    assert sorted(path.name for path in project.iterdir()) == ["lock", "pyproject.toml"]


def test_a_second_run_changes_nothing(lab: Lab, index: PackageIndex, tmp_path: Path) -> None:
    """Where neither the project nor the lab asks for anything else, the lock stays byte for byte."""
    project = new_project(tmp_path / "project", 'beta = "*"')
    lab.lock(project=project)
    before = lab.contents(project / "lock")
    index.add_wheel("beta", "2.0")
    index.asked.clear()
    lab.lock(project=project)
    assert lab.contents(project / "lock") == before
    assert index.asked == []


@pytest.mark.full
def test_the_lab_moves_on(lab: Lab, index: PackageIndex, tmp_path: Path) -> None:
    """After the lab's own update the project gets the lab's new versions and keeps its own packages where they were."""
    project = new_project(tmp_path / "project", 'beta = "*"')
    lab.lock(project=project)
    for name in ("alpha", "beta"):
        index.add_wheel(name, "2.0")
    lab.lock("alpha")
    lab.lock(project=project)
    versions = lab.versions(project / "lock")
    assert (versions["alpha"], versions["beta"]) == ("2.0", "1.0")
    lab.lock("beta", project=project)
    assert lab.versions(project / "lock")["beta"] == "2.0"


@pytest.mark.full
def test_extras_and_markers(lab: Lab, tmp_path: Path) -> None:
    """A dependency written as a table brings its extras' packages; what its markers leave out stays out."""
    project = new_project(
        tmp_path / "project",
        'beta = { version = "^1.0", extras = ["more"] }',
        'epsilon = { version = "*", markers = "sys_platform == \'win32\'" }',
    )
    lab.lock(project=project)
    assert lab.versions(project / "lock").keys() - lab.versions().keys() == {"beta", "delta"}
    table = tomllib.loads((project / "lock" / "pyproject.toml").read_text())["tool"]["poetry"]["group"]["project"]
    assert table["dependencies"]["beta"] == {"version": "^1.0", "extras": ["more"]}


@pytest.mark.full
def test_one_package_by_platform(lab: Lab, index: PackageIndex, tmp_path: Path) -> None:
    """Several tables for one package, of which the markers choose one."""
    index.add_wheel("beta", "2.0")
    rows = [
        f'{{ version = "{version}", markers = "sys_platform {sign} \'linux\'" }}'
        for version, sign in (("1.0", "=="), ("2.0", "!="))
    ]
    project = new_project(tmp_path / "project", f"beta = [{', '.join(rows)}]")
    lab.lock(project=project)
    assert lab.versions(project / "lock")["beta"] == "1.0"


@pytest.mark.full
def test_a_version_that_moves_ours(
    lab: Lab, index: PackageIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the project needs another version than the lab's, that is taken if all else allows it, and said."""
    index.add_wheel("gamma", "0.9")
    project = new_project(tmp_path / "project", 'gamma = "<1"')
    lab.lock(project=project)
    assert lab.versions(project / "lock")["gamma"] == "0.9"
    assert "moved: gamma 1.0 -> 0.9" in capsys.readouterr().out
    assert lab.versions()["gamma"] == "1.0"


@pytest.mark.full
@pytest.mark.parametrize("line", ['torch = "2.12.0"', 'nosuch = "*"'])
def test_what_does_not_fit_the_lab(lab: Lab, tmp_path: Path, line: str) -> None:
    """A version that the lab cannot have is refused in three lines that name the project's file; no folder is made."""
    project = new_project(tmp_path / "project", line)
    with pytest.raises(LockError, match="nothing was changed") as raised:
        lab.lock(project=project)
    said = str(raised.value).splitlines()
    assert len(said) == 3
    assert line.partition(" ")[0] in said[1]
    assert str(project / "pyproject.toml") in said[2]
    assert not (project / "lock").exists()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "names no package under"),
        (['beta = { git = "https://example.com/beta" }'], "beta is asked for with git; only versions from an index"),
        (['beta = { path = "../beta" }'], "beta is asked for with path"),
        (['beta = { extras = ["more"] }'], "beta is asked for with no version"),
        (['beta = { version = "*", optional = true }'], "beta is asked for with optional"),
        (["beta = 1.0"], "beta = 1.0 is of type float; write the version in quotes"),
        (['beta = "*', ""], "is not TOML"),
        (["[project]", 'dependencies = ["beta"]'], "those of .project. are not read"),
    ],
)
def test_wishes_that_cannot_be_locked(lab: Lab, tmp_path: Path, lines: list[str], words: str) -> None:
    """What no index can answer is refused at once, with the name and the way to write it."""
    project = new_project(tmp_path / "project", *lines)
    with pytest.raises(LockError, match=words):
        lab.lock(project=project)
    assert not (project / "lock").exists()


def test_another_python(lab: Lab, tmp_path: Path) -> None:
    """A project for another Python than the lab's is told so."""
    project = new_project(tmp_path / "project", 'beta = "*"')
    path = project / "pyproject.toml"
    path.write_text(path.read_text().replace("^3.11", ">=3.12"))
    with pytest.raises(LockError, match=r"asks for python '>=3\.12', but the lab's Python is 3\.11"):
        lab.lock(project=project)


def test_folders_that_are_no_project(lab: Lab, tmp_path: Path) -> None:
    """No such folder, the lab's own, a file where the lock should be: each is named."""
    with pytest.raises(LockError, match=r"has no pyproject\.toml"):
        lab.lock(project=tmp_path / "nowhere")
    with pytest.raises(LockError, match="the lab's own folder"):
        lab.lock(project=lab.folder)
    project = new_project(tmp_path / "project", 'beta = "*"')
    (project / "lock").write_text("")
    with pytest.raises(LockError, match="is no folder"):
        lab.lock(project=project)


def test_groups_of_the_project_are_named(lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What of a project's file is not read is said."""
    project = new_project(tmp_path / "project", 'beta = "*"', "[tool.poetry.group.dev.dependencies]", 'delta = "*"')
    lab.lock(project=project)
    assert "not the groups dev" in capsys.readouterr().err
    assert "delta" not in lab.versions(project / "lock")
