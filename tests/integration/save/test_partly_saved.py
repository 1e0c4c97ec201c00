"""One value fails late: everything else is kept, the run says which and why, and then the call raises."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import jupyter_utils
import lightgbm
import numpy as np
import pytest
import torch
from jupyter_utils import errors
from jupyter_utils.artifacts import registry
from jupyter_utils.spool import own_spool
from small_disks import small_disk

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Repo, Runs

ASSERT = "CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously reported at some other"


class Dead(torch.Tensor):
    """A tensor as they all are on a GPU after a device-side assert, in a fork, or while a graph is captured."""

    @classmethod
    def __torch_function__(cls, *_: Any, **__: Any) -> Any:
        raise RuntimeError(ASSERT)


Dead.__module__ = "torch"


class Unsayable:
    def __str__(self) -> str:
        raise ValueError("no words")

    __repr__ = __str__


class Greedy:
    """Something whose writer finds no memory."""


class Lazy(Mapping[str, Any]):
    """Values that are made when they are asked for."""

    def __getitem__(self, key: str) -> Any:
        if key == "bad.txt":
            raise OSError("the generator broke")
        return "good"

    def __iter__(self) -> Iterator[str]:
        return iter(["good.txt", "bad.txt"])

    def __len__(self) -> int:
        return 2


@pytest.fixture
def greedy() -> Iterator[None]:
    def write(_: Any, path: Path) -> None:
        path.mkdir()
        (path / "half").write_bytes(b"x" * 1000)
        raise MemoryError

    jupyter_utils.register_writer(Greedy, write)
    yield
    registry.by_type.pop(registry.dotted_name(Greedy))
    registry.kinds.pop(registry.dotted_name(Greedy))


def dead_module() -> torch.nn.Module:
    module = torch.nn.Linear(2, 2)
    module.register_buffer("dead", torch.zeros(2).as_subclass(Dead))
    return module


def partly(runs: Runs, repo: Repo, **arguments: Any) -> jupyter_utils.SaveResult:
    with pytest.raises(errors.PartlySavedError) as caught:
        runs.save(experiment_name="partly", notebook=repo.notebook, **arguments)
    result = caught.value.result
    for failed in result.failed:
        assert failed in str(caught.value)
        assert "\n" not in failed
    return result


@pytest.mark.usefixtures("greedy")
def test_everything_else_is_kept(runs: Runs, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every argument; tag, card, manifest and error name what is not, and `load_mlflow` says so, too."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    result = partly(
        runs,
        repo,
        params={"lr": 0.1, "dead": torch.zeros(()).as_subclass(Dead), "words": Unsayable()},
        metrics={"f1": 0.5, "loss": torch.zeros(()).as_subclass(Dead)},
        dataset=Lazy(),
        model={"good.pt": torch.nn.Linear(1, 1), "dead.pt": dead_module()},
        result={"greedy": Greedy(), "a.txt": "a"},
    )
    run = runs.get(result.run_id)
    assert (run.info.status, run.data.params, run.data.metrics) == ("FINISHED", {"lr": "0.1"}, {"f1": 0.5})
    assert result.commit == repo.git("rev-parse", "HEAD") == run.data.tags["mlflow.source.git.commit"]
    assert [path for path in runs.files(result.run_id) if not path.startswith("jupyter_utils/")] == [
        "dataset/good.txt",
        "model/good.pt",
        "result/a.txt",
    ]
    tagged = run.data.tags["jupyter_utils.failed"].splitlines()
    assert tagged == list(result.failed)
    for start, why in (
        ("params['dead'] (torch.", "RuntimeError: CUDA error: device-side assert triggered"),
        ("params['words'] (", "ValueError: no words"),
        ("metrics['loss'] (torch.", "CUDA error"),
        ("dataset['bad.txt']", "OSError: the generator broke"),
        ("model['dead.pt'] (torch.nn.modules.linear.Linear)", "CUDA error"),
        ("result['greedy']", "MemoryError"),
    ):
        assert [why in line for line in tagged if line.startswith(start)] == [True], (start, tagged)
    assert "not saved" in result._repr_html_()
    manifest = json.loads(runs.file(run.info.run_id, "jupyter_utils/manifest.json", tmp_path).read_text())
    assert len(manifest["failed"]) == len(tagged)
    loaded = jupyter_utils.load_mlflow(result)
    assert loaded.result["a.txt"] == "a"
    with pytest.raises(errors.LoadError, match="could not be saved"):
        loaded.model["dead.pt"]


def test_a_property_that_raises(runs: Runs, repo: Repo) -> None:
    """While a model is only looked at."""

    class Odd(lightgbm.LGBMClassifier):
        @property
        def booster_(self) -> Any:
            raise RuntimeError("no booster today")

    model = Odd(n_estimators=1, verbose=-1).fit(np.arange(200.0).reshape(100, 2), np.arange(100) % 2)
    result = partly(runs, repo, model={"odd": model}, result={"a.txt": "a"}, do_commit=False)
    assert "no booster today" in result.failed[0]
    assert result.artifacts == ("result/a.txt",)


def test_what_can_be_seen_before_stays_a_refusal(runs: Runs, repo: Repo) -> None:
    """Also beside values that fail: nothing is written, committed or sent."""
    before = runs.count("partly")
    with pytest.raises(errors.UnsupportedObjectError):
        runs.save(
            experiment_name="partly",
            notebook=repo.notebook,
            metrics={"loss": torch.zeros(()).as_subclass(Dead)},
            result={"x": object()},
        )
    assert runs.count("partly") == before
    assert own_spool().names() == []
    assert repo.git("log", "--all", check=False) == ""


@pytest.mark.usefixtures("greedy")
def test_with_the_server_down(repo: Repo) -> None:
    """The entry that waits says it as well."""
    with pytest.raises(errors.PartlySavedError) as caught:
        jupyter_utils.save_mlflow(
            "partly", notebook=repo.notebook, mlf_uri="127.0.0.1:9", metrics={"f1": 1}, result={"g": Greedy()}
        )
    entry = json.loads((caught.value.result.entry / "entry.json").read_text())
    assert "MemoryError" in entry["tags"]["jupyter_utils.failed"]
    assert entry["metrics"] == {"f1": 1.0}


def test_a_disk_that_is_full_for_one(runs: Runs, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The large file does not fit, the small one after it does."""
    monkeypatch.setenv("JUPYTER_UTILS_LOCAL_ARTIFACTS", "off")
    with small_disk(tmp_path / "disk", "2m") as disk:
        monkeypatch.setenv("JUPYTER_UTILS_SPOOL_DIR", str(disk / "spool"))
        result = partly(runs, repo, result={"large.bin": b"x" * 4_000_000, "small.txt": "s"}, do_commit=False)
    assert "No space left" in result.failed[0]
    assert list(runs.files(result.run_id, "result")) == ["result/small.txt"]


def test_an_interrupt_is_no_failure(runs: Runs, repo: Repo) -> None:
    """It ends the call; nothing of it is kept, and the interrupt says so."""

    class Stopped:
        pass

    def write(_: Any, __: Path) -> None:
        raise KeyboardInterrupt

    jupyter_utils.register_writer(Stopped, write)
    with pytest.raises(KeyboardInterrupt) as caught:
        runs.save(experiment_name="partly", notebook=repo.notebook, result={"s": Stopped()})
    assert "nothing was committed or sent" in caught.value.__notes__[0]
    assert own_spool().names() == []
