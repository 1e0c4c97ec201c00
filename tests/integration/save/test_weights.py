"""Large weights: interrupted while they are written, and shown and read as they are."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any, Self

import jupyter_utils
import pytest
import torch
from jupyter_utils import errors
from jupyter_utils.entries import copying, digesting
from jupyter_utils.machine.progress import progress
from jupyter_utils.runs import sources, staging

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Repo, Runs
    from servers import Started

LARGE = {"w": torch.arange(6_000_000.0), "b": torch.ones(1000)}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the test a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("key", ["x.pt", "x.safetensors"])
def test_an_interrupt_in_the_middle_leaves_nothing(
    key: str, runs: Runs, repo: Repo, own_spool_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither half a file nor a run; the same call goes through afterwards."""
    written: list[int] = []
    own = os.write

    def write(file: int, data: Any) -> int:
        written.append(len(data))
        if len(written) == 3:
            raise KeyboardInterrupt
        return own(file, data)

    arguments = {"experiment_name": f"interrupted {key}", "notebook": repo.notebook, "do_commit": False}
    with monkeypatch.context() as patch:
        patch.setattr(digesting.os, "write", write)
        with pytest.raises(KeyboardInterrupt):
            runs.save(model={key: LARGE}, **arguments)
    assert written[1] > 2**20
    assert runs.count(f"interrupted {key}") == 0
    assert [path for path in own_spool_dir.rglob("*") if path.is_file() and path.parent.name != "locks"] == []
    assert runs.save(model={key: LARGE}, **arguments).is_stored
    assert runs.count(f"interrupted {key}") == 1


@pytest.mark.parametrize("key", ["x.pt", "x.safetensors"])
def test_a_large_file_is_hashed_while_it_is_written_and_moves_the_bar(
    key: str, runs: Runs, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not read again for its digest, and what the progress bar counts are its bytes."""
    steps: list[int] = []

    class Bar:
        n = 0

        def __init__(self, _: str, total: int, *, unit: str, in_bytes: bool) -> None:
            assert in_bytes, unit
            self.total = total

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            assert self.n >= self.total

        def update(self, count: int) -> None:
            self.n += count
            steps.append(count)

    own = copying.hashlib.file_digest

    def small_only(file: Any, name: str) -> Any:
        assert os.fstat(file.fileno()).st_size < 2**20
        return own(file, name)

    monkeypatch.setattr(staging, "progress", Bar)
    with monkeypatch.context() as patch:
        patch.setattr(copying.hashlib, "file_digest", small_only)
        run = runs.save(experiment_name="large", notebook=repo.notebook, do_commit=False, model={key: LARGE})
    assert len([count for count in steps if count > 2**20]) >= 3
    back = jupyter_utils.load_mlflow(str(run.run_id), runs.uri, device="cpu").model[key]
    assert all(torch.equal(back[name], LARGE[name]) for name in LARGE)


def test_small_values_are_counted_as_artifacts(runs: Runs, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no size is known before, the bar says 3/5 artifacts, and not 3.00/5.00 bytes."""
    bars: list[dict[str, Any]] = []

    def bar(_: str, total: int, **named: Any) -> Any:
        bars.append({"total": total, **named})
        return progress("x", total, **named)

    monkeypatch.setattr(staging, "progress", bar)
    runs.save(experiment_name="small", notebook=repo.notebook, do_commit=False, dataset={"a": "x", "b": {"c": 1}})
    assert bars == [{"total": 2, "unit": "artifact", "in_bytes": False}]


def test_a_large_file_of_a_server_on_this_machine_is_copied(
    mlflow_server: Started, runs: Runs, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not sent through HTTP, and hashed while it is copied; one that was changed there is refused."""
    monkeypatch.setenv("XDG_STATE_HOME", str(mlflow_server.home / ".local/state"))
    run = runs.save(experiment_name="near", notebook=repo.notebook, do_commit=False, model={"x.pt": LARGE}).run_id
    with monkeypatch.context() as patch:
        patch.setattr(sources.StoredRun, "_download", forbidden(sources.StoredRun._download, "model/x.pt"))
        back = jupyter_utils.load_mlflow(str(run), runs.uri).model["x.pt"]
        assert all(torch.equal(back[name], LARGE[name]) for name in LARGE)
        assert jupyter_utils.load_mlflow(str(run), runs.uri, device="meta").model["x.pt"]["w"].device.type == "meta"
    (stored,) = mlflow_server.store_dir.rglob(f"{run}/artifacts/model/x.pt")
    with stored.open("r+b") as file:
        file.seek(5_000_000)
        file.write(b"changed")
    shutil.rmtree(os.environ["XDG_CACHE_HOME"])
    with pytest.raises(errors.LoadError, match="damaged"):
        jupyter_utils.load_mlflow(str(run), runs.uri).model["x.pt"]


def forbidden(own: Any, name: str) -> Any:
    """Refuse to download one file."""

    def download(run: Any, asked: str, target: Path) -> Any:
        assert asked != name
        return own(run, asked, target)

    return download
