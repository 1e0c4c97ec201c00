"""`load_mlflow` gives back what `save_mlflow` stored, over a real server."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jupyter_utils
import lightgbm
import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from calling import env
from jupyter_utils import errors
from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.entries.entry import EntryFile
from jupyter_utils.runs import sources
from jupyter_utils.runs.delivery import deliver_waiting
from jupyter_utils.spool import own_spool
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

if TYPE_CHECKING:
    from conftest import Repo, Runs
    from servers import Started


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the test a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def stored(runs: Runs, repo: Repo, **arguments: Any) -> str:
    return runs.save(experiment_name="load", notebook=repo.notebook, do_commit=False, **arguments).run_id


def test_round_trip(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """Names and kinds are the same: frames with types and index, text, bytes, JSON, files, directories, params."""
    frame = pd.DataFrame(
        {
            "d": pd.to_datetime(["2024-01-01", None]),
            "c": pd.Categorical(["猫", "犬"]),
            "n": pd.array([1, None], dtype="Int64"),
        },
        index=pd.Index(["a", "b"], name="名"),
    )
    (tmp_path / "dir" / "empty").mkdir(parents=True)
    (tmp_path / "dir" / "x.txt").write_text("x")
    dataset = {
        "sub/train.csv": frame,
        "t.txt": "文\r\n",
        "b": b"\x00",
        "j.json": {"猫": [1, None]},
        "d": tmp_path / "dir",
    }
    params = {"long": "長" * 7000, "short": "1"}
    run = stored(runs, repo, dataset=dataset, params=params, metrics={"f1": 0.5}, description="説明", run_name="名")
    loaded = jupyter_utils.load_mlflow(run, runs.uri)
    assert list(loaded.dataset) == list(dataset)
    pd.testing.assert_frame_equal(loaded.dataset["sub/train.csv"], frame)
    assert (loaded.dataset["t.txt"], loaded.dataset["b"], loaded.dataset["j.json"]) == (
        "文\r\n",
        b"\x00",
        {"猫": [1, None]},
    )
    assert sorted(path.name for path in loaded.dataset["d"].iterdir()) == ["empty", "x.txt"]
    assert (loaded.params, loaded.metrics) == (params, {"f1": 0.5})
    assert (loaded.description, loaded.run_name) == ("説明", "名")


def test_models(runs: Runs, repo: Repo) -> None:
    """A torch module comes back as its state_dict, the others as models that predict the same."""
    config = transformers.BertConfig(
        vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    )
    bert, linear = transformers.BertModel(config), torch.nn.Linear(2, 1)
    data, labels = np.arange(200.0).reshape(100, 2), np.arange(100) % 2
    trees = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(data, labels)
    sklearn = LogisticRegression().fit(data, labels)
    models = {"bert": bert, "l.pt": linear, "l.safetensors": linear, "trees": trees, "sk": sklearn}
    loaded = jupyter_utils.load_mlflow(stored(runs, repo, model=models), runs.uri).model
    assert torch.equal(loaded["bert"].embeddings.word_embeddings.weight, bert.embeddings.word_embeddings.weight)
    assert type(loaded["bert"]) is transformers.BertModel
    for name in ("l.pt", "l.safetensors"):
        assert torch.equal(loaded[name]["weight"], linear.weight)
    assert np.array_equal(loaded["trees"].predict(data), trees.booster_.predict(data))
    assert np.array_equal(loaded["sk"].predict_proba(data), sklearn.predict_proba(data))


def shout(value: Any) -> Any:
    return value


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("dataset", {"x.pkl": pd.DataFrame({"a": [1]})}),
        ("model", {"m.joblib": LogisticRegression().fit([[0], [1]], [0, 1])}),
    ],
    ids=["pickle", "joblib"],
)
def test_pickles_need_trust(argument: str, value: Any, runs: Runs, repo: Repo) -> None:
    """What could run code is refused, the error says how to allow it, and allowed it comes back."""
    run = stored(runs, repo, **{argument: value})
    with pytest.raises(errors.UntrustedFormatError, match="trust=True"):
        jupyter_utils.load_mlflow(run, runs.uri)
    assert list(getattr(jupyter_utils.load_mlflow(run, runs.uri, trust=True), argument).values())


def test_skops_with_unknown_types_needs_trust(runs: Runs, repo: Repo) -> None:
    """So is a scikit-learn model that holds a function of the user's."""
    run = stored(runs, repo, model={"m": FunctionTransformer(np.log1p).fit([[1.0]])})
    jupyter_utils.load_mlflow(run, runs.uri).model["m"]
    run = stored(runs, repo, model={"m": FunctionTransformer(shout).fit([[1.0]])})
    with pytest.raises(errors.UntrustedFormatError, match="trust=True"):
        jupyter_utils.load_mlflow(run, runs.uri).model["m"]


def test_torch_file_that_holds_code(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """A torch file that was swapped for one with code is not run: its digest is wrong."""
    run = stored(runs, repo, model={"l.pt": torch.nn.Linear(1, 1)})
    (tmp_path / "l.pt").write_bytes(pickle.dumps(shout))
    runs.client.log_artifact(run, str(tmp_path / "l.pt"), "model")
    with pytest.raises(errors.LoadError, match="damaged"):
        jupyter_utils.load_mlflow(run, runs.uri).model["l.pt"]


def test_downloaded_once(runs: Runs, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second reading asks the server for no file again."""
    run = stored(runs, repo, dataset={"x.txt": "x"})
    assert jupyter_utils.load_mlflow(run, runs.uri).dataset["x.txt"] == "x"
    loaded = jupyter_utils.load_mlflow(run, runs.uri)
    monkeypatch.setattr(adapter, "get_artifact", None)
    assert loaded.dataset["x.txt"] == "x"


@pytest.mark.parametrize("way", ["over HTTP", "copied"])
def test_what_is_brought_is_not_read_again(
    way: str, runs: Runs, mlflow_server: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its SHA-256 is known as soon as it has come in."""
    monkeypatch.setenv("XDG_STATE_HOME", str(mlflow_server.home / ".local" / "state"))
    monkeypatch.setenv("JUPYTER_UTILS_LOCAL_ARTIFACTS", "off" if way == "over HTTP" else "")
    size = 64 * 2**20
    (tmp_path / "large").write_bytes(os.urandom(size))
    run = runs.save(experiment_name="load", do_commit=False, dataset={"large": tmp_path / "large"}).run_id
    source = sources.find_source(run, runs.uri)
    file = EntryFile("dataset/large", size, hashlib.sha256((tmp_path / "large").read_bytes()).hexdigest())
    before = bytes_read()
    brought = source.bring("dataset/large", [file], own=False)
    # What comes by a socket is not counted; a copy is read by the kernel, and hashed as it is made.
    assert bytes_read() - before < size * (0.2 if way == "over HTTP" else 2.5)
    assert hashlib.sha256(brought.read_bytes()).hexdigest() == file.sha256


def bytes_read() -> int:
    """Return what this process has read of files."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("rchar")))


def test_hostile_manifest(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """A manifest that names files outside of the run is refused."""
    run = stored(runs, repo, dataset={"x.txt": "x"})
    manifest = json.loads(runs.file(run, "jupyter_utils/manifest.json", tmp_path).read_text())
    manifest["artifacts"][0]["path"] = "../../../../etc/passwd"
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    runs.client.log_artifact(run, str(tmp_path / "manifest.json"), "jupyter_utils")
    with pytest.raises(errors.LoadError, match="would leave its folder"):
        jupyter_utils.load_mlflow(run, runs.uri)


def test_no_such_run(runs: Runs) -> None:
    """An id that MLflow does not know, and a run that was not stored by us, are named."""
    with pytest.raises(errors.LoadError, match="run_id"):
        jupyter_utils.load_mlflow("0" * 32, runs.uri)
    run = runs.client.create_run(runs.client.create_experiment("not ours"))
    with pytest.raises(errors.LoadError, match="save_mlflow did not store it"):
        jupyter_utils.load_mlflow(run.info.run_id, runs.uri)


def test_registered_writer(runs: Runs, repo: Repo) -> None:
    """A user's own kind is stored and loaded by the functions that were registered for it."""

    class Corpus(list[str]):
        pass

    jupyter_utils.register_writer(
        Corpus,
        lambda corpus, path: path.write_text("\n".join(corpus), encoding="utf-8") and {"lines": len(corpus)},
        read=lambda path, details: Corpus(path.read_text(encoding="utf-8").split("\n")[: details["lines"]]),
    )
    run = stored(runs, repo, result={"corpus.txt": Corpus(["吾輩は", "猫である"])})
    back = jupyter_utils.load_mlflow(run, runs.uri).result["corpus.txt"]
    assert (type(back), back) == (Corpus, ["吾輩は", "猫である"])


def test_what_is_handed_out_is_a_copy(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """An edit in it, of the same size and with the old times, is nobody else's: not of the next load, nor of this."""
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "x.txt").write_text("right")
    (tmp_path / "f.bin").write_bytes(b"right")
    run = stored(runs, repo, dataset={"d": tmp_path / "dir", "f.bin": tmp_path / "f.bin"})
    loaded = jupyter_utils.load_mlflow(run, runs.uri)
    first, other = loaded.dataset["d"], loaded.dataset["d"]
    for file in (first / "x.txt", loaded.dataset["f.bin"]):
        before = file.stat()
        file.write_text("WRONG")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    (first / "more.txt").write_text("more")
    again = jupyter_utils.load_mlflow(run, runs.uri)
    assert [path.name for path in again.dataset["d"].iterdir()] == ["x.txt"]
    assert (again.dataset["d"] / "x.txt").read_text() == (other / "x.txt").read_text() == "right"
    assert again.dataset["f.bin"].read_text() == loaded.dataset["f.bin"].read_text() == "right"


def test_an_edited_cache_is_no_value(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """Whoever finds the cache and writes there, or adds to it, changes no value: each file is verified when used."""
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "x.txt").write_text("right")
    run = stored(runs, repo, dataset={"t.txt": "right", "d": tmp_path / "dir"})
    loaded = jupyter_utils.load_mlflow(run, runs.uri)
    assert (loaded.dataset["t.txt"], loaded.dataset["d"].name) == ("right", "d")
    cache = tmp_path / "cache" / "jupyter-utils" / "runs" / run / "artifacts" / "dataset"
    for file in (cache / "t.txt", cache / "d" / "x.txt"):
        before = file.stat()
        file.chmod(0o644)
        file.write_text("WRONG")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    (cache / "d" / "more.txt").symlink_to("/etc/passwd")
    assert loaded.dataset["t.txt"] == "right"
    assert [(path.name, path.read_text()) for path in loaded.dataset["d"].iterdir()] == [("x.txt", "right")]


def test_copies_go_a_day_after_their_process(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """Not before, and not while it lives."""
    (tmp_path / "f.bin").write_bytes(b"x")
    run = stored(runs, repo, dataset={"f.bin": tmp_path / "f.bin"})
    code = f"import jupyter_utils; print(jupyter_utils.load_mlflow({run!r}, {runs.uri!r}).dataset['f.bin'])"

    def load() -> Path:
        command = [sys.executable, "-W", "ignore", "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, env=env(), check=True)
        return Path(done.stdout.strip())

    living = jupyter_utils.load_mlflow(run, runs.uri).dataset["f.bin"]
    first, second = load(), load()
    assert first.exists()
    for path in (living, first):
        os.utime(path.parents[2], (0, 0))
    third = load()
    assert [path.exists() for path in (living, first, second, third)] == [True, False, True, True]


def test_a_result_and_what_waits(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """By what was returned, by the entry's id, and, once it is sent, by the same two; each value is right."""
    (tmp_path / "f.bin").write_bytes(b"right")
    values = {"t.txt": "文", "f.bin": tmp_path / "f.bin", "x.csv": pd.DataFrame({"a": [1.5]})}
    where = {"notebook": repo.notebook, "do_commit": False}
    saved = runs.save(experiment_name="waits", result=values, **where)
    assert jupyter_utils.load_mlflow(saved).result["t.txt"] == "文"
    waits = jupyter_utils.save_mlflow(
        "waits", result=values, params={"p": "長" * 7000}, metrics={"f1": 1}, mlf_uri="http://127.0.0.1:9", **where
    )
    for named in (waits, waits.entry.name):
        loaded = jupyter_utils.load_mlflow(named)
        assert (loaded.run_id, loaded.params, loaded.metrics) == (waits.entry.name, {"p": "長" * 7000}, {"f1": 1.0})
        assert (loaded.result["t.txt"], loaded.result["x.csv"]["a"].tolist()) == ("文", [1.5])
        copy = loaded.result["f.bin"]
        copy.write_bytes(b"WRONG")
        assert loaded.result["f.bin"].read_bytes() == b"right"
    file = waits.entry / "entry.json"
    file.write_text(file.read_text().replace("http://127.0.0.1:9", runs.uri))
    (run,) = deliver_waiting(own_spool()).sent.values()
    with pytest.raises(errors.LoadError, match="has been sent to MLflow meanwhile"):
        loaded.result["t.txt"]
    for named in (waits, waits.entry.name):
        assert jupyter_utils.load_mlflow(named, runs.uri).run_id == run.run_id


@pytest.mark.parametrize("run", [None, "", 7, ["a"]])
def test_what_names_no_run(run: Any) -> None:
    """Is refused in one line that says what does."""
    with pytest.raises(errors.LoadError, match="MLflow's id of a run"):
        jupyter_utils.load_mlflow(run)


def test_checkpoints(runs: Runs, repo: Repo) -> None:
    """Dicts that hold tensors come back under each argument, without trust; one with a user's types needs it."""
    linear = torch.nn.Linear(2, 1)
    optimizer = torch.optim.Adam(linear.parameters())
    value = {"model": linear.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "betas": (0.9, 0.99)}
    given = {name: {"ckpt.pt": value} for name in ("dataset", "model", "result")}
    loaded = jupyter_utils.load_mlflow(stored(runs, repo, **given), runs.uri)
    for section in (loaded.dataset, loaded.model, loaded.result):
        back = section["ckpt.pt"]
        assert torch.equal(back["model"]["weight"], linear.weight)
        assert (back["epoch"], back["betas"], back["optimizer"]) == (3, (0.9, 0.99), optimizer.state_dict())
    saved = runs.save(
        experiment_name="load",
        notebook=repo.notebook,
        do_commit=False,
        result={"c.pt": {"w": linear.weight, "a": argparse.Namespace(lr=0.1)}},
    )
    assert "result/c.pt: holds argparse.Namespace" in saved.warnings[-1]
    with pytest.raises(errors.UntrustedFormatError, match=r"argparse\.Namespace"):
        jupyter_utils.load_mlflow(saved.run_id, runs.uri).result["c.pt"]
    trusted = jupyter_utils.load_mlflow(saved.run_id, runs.uri, trust=True).result["c.pt"]
    assert trusted["a"] == argparse.Namespace(lr=0.1)
