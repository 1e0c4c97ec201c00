"""Five small studies as researchers have them, each saved once, and run again where things have changed since."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from calling import env, execute, write_notebook
from other_environments import OtherEnvironment, other_environment
from studies import HELPER, STUDIES, write_data

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Repo, Runs

PACKAGE, OLDER = "wcwidth", "0.2.6"


def saved(name: str, place: Path, python: str, **settings: str) -> str:
    """Compute a study once; the id of its run."""
    cells = STUDIES[name]
    if name == "script":
        (place / "study.py").write_text("\n".join(cells), encoding="utf-8")
        done = subprocess.run(
            [python, "study.py"], cwd=place, env=env(**settings), text=True, capture_output=True, check=True
        )
        return done.stdout.split("RUN ")[1].split()[0]
    shown = execute(write_notebook(place / "study.ipynb", *cells), python=python, **settings)
    return shown.split("RUN ")[1].split()[0]


def unchanged(place: Path) -> Path:
    return place


def cloned(place: Path) -> Path:
    """Have the repository at another path, and beside its files what nobody had committed, as people hand it on."""
    other = place.with_name("another place") / "clone"
    subprocess.run(["git", "clone", "-q", place, other], check=True)
    for name in ("data.csv",):
        shutil.copy(place / name, other / name)
    place.rename(place.with_name("gone"))
    return other


def deleted(place: Path) -> Path:
    """Keep the data elsewhere, and nothing else."""
    kept = place.with_name("kept")
    kept.mkdir()
    shutil.copy(place / "data.csv", kept)
    shutil.rmtree(place)
    return kept


def one_byte(place: Path) -> Path:
    text = (place / "data.csv").read_text(encoding="utf-8")
    (place / "data.csv").write_text(text.replace("番,1", "番,0", 1), encoding="utf-8")
    return place


@dataclass(frozen=True)
class Since:
    """What has happened since a study was saved, and what is expected of it; the unseeded one differs anyway.

    Attributes:
        change: it, to the repository; returns where the command runs.
        with_data: whether that folder has the data.
        code: the exit code.
        verdict: what it says where the code is 0.
        elsewhere: whether the study was saved in another environment, which has gone since.
        has_nix: whether that can be built again.
    """

    change: Callable[[Path], Path] = unchanged
    with_data: bool = False
    code: int = 0
    verdict: str = "same"
    elsewhere: bool = False
    has_nix: bool = True


SINCE = {
    "unchanged": Since(),
    "a fresh clone, another HOME, another path": Since(cloned, with_data=True),
    "the repository deleted": Since(deleted, with_data=True),
    "one byte of the data": Since(one_byte, code=1),
    "a package's version": Since(verdict="same, approximately", elsewhere=True, has_nix=False),
    "the environment built again": Since(elsewhere=True),
}


@pytest.fixture(scope="session")
def older(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], OtherEnvironment]:
    """Make the other environment when it is asked for, once."""
    return cache(lambda: other_environment(tmp_path_factory.mktemp("older"), f"{PACKAGE}=={OLDER}"))


def without_nix(folder: Path) -> str:
    """Return a path on which everything is but Nix, as in an image."""
    folder.mkdir()
    for place in map(Path, os.environ["PATH"].split(os.pathsep)):
        for program in place.iterdir() if place.is_dir() else []:
            if not program.name.startswith("nix") and not (folder / program.name).exists():
                (folder / program.name).symlink_to(program)
    return str(folder)


def again(run: str, place: Path, since: Since, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run it again by the command."""
    command = ["reproduce", run, "--trust", *(["--data", str(place)] if since.with_data else [])]
    return subprocess.run(
        [sys.executable, "-P", "-m", "jupyter_utils", *command],
        cwd=place,
        env=env(**settings) | {"JUPYTER_UTILS_RECORD_INPUTS": "on"},
        text=True,
        capture_output=True,
        check=False,
    )


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("cell", [*product(STUDIES, SINCE)], ids=": ".join)
def test_a_study_is_run_again(
    cell: tuple[str, str], runs: Runs, repo: Repo, tmp_path: Path, older: Callable[[], OtherEnvironment]
) -> None:
    """The same, unless data or a package has changed or nothing was seeded; then the report says so."""
    (name, since), what = cell, SINCE[cell[1]]
    other = older() if what.elsewhere else None
    write_data(repo.path)
    (repo.path / "helper.py").write_text(HELPER, encoding="utf-8")
    repo.git("add", "helper.py")
    repo.git("commit", "-qm", "helper")
    own = {name: str(tmp_path / name) for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME")}
    recording = {f"JUPYTER_UTILS_RECORD_{what}": "on" for what in ("CODE", "INPUTS")}
    there = {"MLFLOW_TRACKING_URI": runs.uri, **recording, **({"PYTHONPATH": ""} if other else {})}
    run = saved(name, repo.path, str(other.build()) if other else sys.executable, **own, **there)
    if other:
        other.delete()
    place = what.change(repo.path)
    if since.startswith("a fresh clone"):
        own = {name: str(tmp_path / "other" / name) for name in own} | {"HOME": str(tmp_path / "other")}
    path = {} if what.has_nix else {"PATH": without_nix(tmp_path / "programs")}
    begun = time.monotonic()
    done = again(run, place, what, MLFLOW_TRACKING_URI=runs.uri, **own, **path)
    seconds = time.monotonic() - begun
    last = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr
    print(f"{name} | {since} | {done.returncode} | {last} | {seconds:.0f} s", file=sys.__stderr__)
    moved = name == "helpers" and not what.has_nix
    code = 1 if moved or name.endswith("unseeded") else what.code
    assert done.returncode == code, done.stdout + done.stderr
    assert code or last == f"Verdict: {what.verdict}", done.stdout
    assert ("data.csv is another than it was" in done.stdout) == (since == "one byte of the data")
    assert (f"{PACKAGE}" in done.stdout and OLDER in done.stdout) == (not what.has_nix), done.stdout
    if other and what.has_nix:
        assert "Building the environment of the run from its recipe" in done.stderr
        assert Path(other.path).exists()
    assert list(Path(own["XDG_CACHE_HOME"], "jupyter-utils", "reproductions").iterdir()) == []
