"""An index loses files: one that somebody deleted there is named with what to do, and keeps the others from nobody."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fetching import FetchError, pip
from fetching import nix as store
from fetching.screen import Log, Screen
from fetching.wheels import Wheels
from index import Index, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = ["click", "six", "tqdm"]


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """Serve some wheels, and let pip see nothing else."""
    for name in [name for name in os.environ if name.startswith("PIP_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    with serving([entry for entry in store.Output("lab").files()[1] if entry["name"] in PACKAGES]) as running:
        monkeypatch.setenv("PIP_INDEX_URL", running.address)
        yield running


def entries() -> dict[str, dict[str, Any]]:
    """Return the packages by their names."""
    return {entry["name"]: entry for entry in store.Output("lab").files()[1] if entry["name"] in PACKAGES}


def fetch(folder: Path, *folders: str, names: list[str] = PACKAGES) -> Wheels:
    """Fetch packages, as the fetch step does."""
    log = Log("test-lost")
    wheels = Wheels([entry for name, entry in entries().items() if name in names], Screen("fetch"), log)
    try:
        wheels.fetch(folder, list(folders))
    except FetchError as error:
        error.args = (*error.args, sorted(wheels.stored))
        raise
    finally:
        log.path.unlink(missing_ok=True)
    return wheels


def delete(index: Index, way: str, entry: dict[str, Any]) -> None:
    """Lose a package: its page, its file, or its file for another one of the same release."""
    if way == "page":
        del index.projects[entry["name"]]
    elif way == "file":
        del index.files[entry["file"]]
    else:
        other = f"{entry['name']}-{entry['version']}.tar.gz"
        index.projects[entry["name"]] = [other]
        index.files[other] = Path("/etc/hostname")


@pytest.mark.parametrize("way", ["page", "file", "another file"])
def test_a_lost_wheel_is_named_with_the_remedy(index: Index, way: str, tmp_path: Path) -> None:
    """The others are in the store then; a copy from anywhere is taken."""
    known = entries()
    delete(index, way, known["six"])
    if way != "another file":
        delete(index, way, known["click"])
    gone = [name for name in PACKAGES if name == "six" or (name == "click" and way != "another file")]
    with pytest.raises(FetchError) as caught:
        fetch(tmp_path / "first")
    words, stored = caught.value.args
    assert f"has lost {len(gone)} of the locked files" in words
    for name in gone:
        assert f"{known[name]['file']}    (elsewhere: {known[name]['path']})" in words
    for remedy in ("--wheels FOLDER", "PIP_INDEX_URL", f"python/lock.py --update {' '.join(gone)}"):
        assert remedy in words
    assert stored == sorted(known[name]["file"] for name in PACKAGES if name not in gone)
    (tmp_path / "copies").mkdir()
    for name in gone:
        shutil.copyfile(known[name]["path"], tmp_path / "copies" / known[name]["file"])
    taken = fetch(tmp_path / "second", str(tmp_path / "copies"), names=gone)
    assert sorted(taken.stored) == sorted(known[name]["file"] for name in gone)


def test_a_changed_wheel_is_not_a_lost_one(index: Index, tmp_path: Path) -> None:
    """Other content under the locked name is said as what it is."""
    known = entries()
    index.files[known["six"]["file"]] = index.files[known["tqdm"]["file"]]
    with pytest.raises(FetchError, match=f"Wrong hash: {known['six']['file']}"):
        fetch(tmp_path / "first")


@pytest.mark.parametrize(
    ("said", "gone"),
    [
        ("  Downloading tqdm.whl (503 kB)\nERROR: No matching distribution found for six==1.17.0", ["six"]),
        ("WARNING: Retrying after NewConnectionError\nERROR: No matching distribution found for six==1.17.0", []),
        ("ERROR: HTTP error 503 while getting https://index.example.org/six.whl", []),
        ("503 Server Error: Service Unavailable for url: https://index.example.org/simple/six/", []),
    ],
)
def test_an_index_without_an_answer_has_lost_nothing(said: str, gone: list[str]) -> None:
    """What pip says then is the same; sizes are no codes of errors."""
    assert [entry["name"] for entry in pip.lost(said, list(entries().values()))] == gone
