"""One test for each row of the contract of `save_mlflow`, against real Git and a real MLflow server."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import lightgbm
import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from jupyter_utils import errors
from jupyter_utils.machine.pages import run_page
from sklearn.linear_model import LogisticRegression

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Repo, Runs

FRAME = pd.DataFrame({"text": ["吾輩は猫である", "a,b"], "label": [0, 1]})


def test_experiment_name(runs: Runs, repo: Repo) -> None:
    """The run stands in the experiment of that name, made if it is not there; its page opens on the runs."""
    result = runs.save(experiment_name="実験 1", notebook=repo.notebook)
    experiment = runs.client.get_experiment(runs.get(result.run_id).info.experiment_id)
    assert experiment.name == "実験 1"
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    assert runs.get(result.run_id).info.status == "FINISHED"


def test_experiment_that_is_there(runs: Runs, repo: Repo) -> None:
    """An experiment that was made elsewhere stays as it is."""
    identity = runs.client.create_experiment("made elsewhere", tags={"own": "tag"})
    tags = runs.client.get_experiment(identity).tags
    assert runs.save(experiment_name="made elsewhere", notebook=repo.notebook).experiment_id == identity
    assert runs.client.get_experiment(identity).tags == tags


def test_run_name(runs: Runs, repo: Repo) -> None:
    """The run has the name that was given."""
    result = runs.save(experiment_name="e", run_name="一回目", notebook=repo.notebook)
    assert runs.get(result.run_id).info.run_name == "一回目"


def test_description(runs: Runs, repo: Repo) -> None:
    """The description is the run's Markdown note."""
    result = runs.save(experiment_name="e", description="# 説明", notebook=repo.notebook)
    assert runs.get(result.run_id).data.tags["mlflow.note.content"] == "# 説明"


def test_params(runs: Runs, repo: Repo) -> None:
    """Parameters are stored as text under their names, more than one request holds included."""
    params = {"lr": 0.1, "精度": "高", "scalar": np.float64(0.5), "tensor": torch.tensor(3)}
    params |= {f"p{number}": number for number in range(250)}
    stored = runs.get(runs.save(experiment_name="e", params=params, notebook=repo.notebook).run_id).data.params
    assert {"lr": "0.1", "精度": "高", "scalar": "0.5", "tensor": "3", "p249": "249"}.items() <= stored.items()
    assert len(stored) == 254


def test_metrics(runs: Runs, repo: Repo) -> None:
    """Metrics are stored as numbers under their names, more than one request holds included."""
    metrics = {
        "f1": 0.9,
        "n": 3,
        "np": np.float32(0.5),
        "t": torch.tensor([2.0]),
        "nan": float("nan"),
        "inf": float("inf"),
    }
    metrics |= {f"m{number}": number for number in range(1100)}
    stored = runs.get(runs.save(experiment_name="e", metrics=metrics, notebook=repo.notebook).run_id).data.metrics
    assert {"f1": 0.9, "n": 3.0, "np": 0.5, "t": 2.0, "m1099": 1099.0}.items() <= stored.items()
    assert np.isnan(stored["nan"])
    assert stored["inf"] > 1e308
    assert len(stored) == 1106


@pytest.mark.parametrize("section", ["dataset", "result"])
def test_dataset_and_result(section: str, runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """Text, a DataFrame, a file and a directory may be mixed; each is stored under its key in the argument's folder."""
    (tmp_path / "given.bin").write_bytes(b"\x00\x01")
    (tmp_path / "folder" / "中").mkdir(parents=True)
    (tmp_path / "folder" / "中" / "x.txt").write_text("x")
    values = {
        "note.txt": "メモ\r\n",
        "train.csv": FRAME,
        "own name.bin": tmp_path / "given.bin",
        "dir": tmp_path / "folder",
    }
    result = runs.save(experiment_name="e", notebook=repo.notebook, **{section: values})
    stored = [file for file in runs.files(result.run_id) if file.startswith(section)]
    names = ["dir/中/x.txt", "note.txt", "own name.bin", "train.csv"]
    assert sorted(stored) == [f"{section}/{name}" for name in names]
    assert runs.file(result.run_id, f"{section}/note.txt", tmp_path).read_bytes() == "メモ\r\n".encode()
    assert runs.file(result.run_id, f"{section}/own name.bin", tmp_path).read_bytes() == b"\x00\x01"
    csv = runs.file(result.run_id, f"{section}/train.csv", tmp_path)
    assert csv.read_bytes().startswith(b"\xef\xbb\xbf")
    assert pd.read_csv(csv).equals(FRAME)


def test_model_transformers(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """A model and its tokenizer, two entries, become directories that `from_pretrained` loads."""
    config = transformers.BertConfig(
        vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    )
    model = transformers.BertModel(config)
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n猫\n犬\n")
    tokenizer = transformers.BertTokenizer(str(tmp_path / "vocab.txt"))
    result = runs.save(experiment_name="e", model={"bert": model, "tok": tokenizer}, notebook=repo.notebook)
    loaded = transformers.BertModel.from_pretrained(runs.file(result.run_id, "model/bert", tmp_path))
    assert torch.equal(loaded.embeddings.word_embeddings.weight, model.embeddings.word_embeddings.weight)
    again = transformers.BertTokenizer.from_pretrained(runs.file(result.run_id, "model/tok", tmp_path))
    assert again("猫")["input_ids"] == tokenizer("猫")["input_ids"]


def test_model_torch(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """A torch module is stored as its state_dict, which loads with weights_only; the caller's model is unchanged."""
    model = torch.nn.Linear(3, 2)
    before = model.weight.data_ptr()
    result = runs.save(experiment_name="e", model={"linear.pt": model}, notebook=repo.notebook)
    state = torch.load(runs.file(result.run_id, "model/linear.pt", tmp_path), weights_only=True)
    assert torch.equal(state["weight"], model.weight)
    assert state["weight"].device.type == "cpu"
    assert model.weight.data_ptr() == before


def test_model_on_cuda(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """A model on a GPU is stored from CPU memory, and stays on the GPU."""
    if not torch.cuda.is_available():
        pytest.skip("no GPU that torch can use")
    model = torch.nn.Linear(3, 2).cuda()
    result = runs.save(experiment_name="e", model={"linear.pt": model}, notebook=repo.notebook)
    state = torch.load(runs.file(result.run_id, "model/linear.pt", tmp_path), weights_only=True)
    assert {one.device.type for one in state.values()} == {"cpu"}
    assert torch.equal(state["weight"], model.weight.cpu())
    assert {one.device.type for one in model.parameters()} == {"cuda"}


@pytest.mark.parametrize("booster", [False, True])
def test_model_lightgbm(booster: bool, runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """LightGBM, scikit-learn's wrapper or a Booster, is stored as LightGBM's own model text."""
    data, labels = np.arange(200.0).reshape(100, 2), np.arange(100) % 2
    model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(data, labels)
    given = model.booster_ if booster else model
    result = runs.save(experiment_name="e", model={"classifier.mdl": given}, notebook=repo.notebook)
    loaded = lightgbm.Booster(model_file=str(runs.file(result.run_id, "model/classifier.mdl", tmp_path)))
    assert np.array_equal(loaded.predict(data), model.booster_.predict(data))


def test_model_sklearn(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """A scikit-learn estimator is stored in a form that loads and predicts the same."""
    skops = pytest.importorskip("skops.io")
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    result = runs.save(experiment_name="e", model={"classifier.mdl": model}, notebook=repo.notebook)
    loaded = skops.load(runs.file(result.run_id, "model/classifier.mdl", tmp_path))
    assert np.array_equal(loaded.predict_proba([[0.3]]), model.predict_proba([[0.3]]))


def test_do_commit(runs: Runs, repo: Repo) -> None:
    """By default the notebook is committed, and the message names it; with do_commit=False it is not."""
    result = runs.save(experiment_name="e", notebook=repo.notebook)
    assert (
        repo.git("rev-parse", "HEAD") == result.commit == runs.get(result.run_id).data.tags["mlflow.source.git.commit"]
    )
    assert "nb.ipynb" in repo.git("log", "-1", "--format=%s")
    assert repo.committed() == ["nb.ipynb"]
    repo.write("2 + 2")
    runs.save(experiment_name="e", notebook=repo.notebook, do_commit=False)
    assert repo.git("rev-parse", "HEAD") == result.commit


def test_git_repo_dir(runs: Runs, repo: Repo) -> None:
    """The repository may be named; it must be the one that holds the notebook."""
    file = repo.write(name="sub/deep.ipynb")
    result = runs.save(experiment_name="e", notebook=file, git_repo_dir=repo.path)
    assert repo.committed(result.commit or "") == ["sub/deep.ipynb"]


def test_git_repo_dir_elsewhere(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """A repository that does not hold the notebook is refused."""
    other = tmp_path / "other"
    subprocess.run(["git", "init", "-q", other], check=True)
    with pytest.raises(errors.NotInRepositoryError, match="outside of git_repo_dir"):
        runs.save(experiment_name="e", notebook=repo.notebook, git_repo_dir=other)


def test_mlf_uri(runs: Runs, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without mlf_uri the run goes to the server of the environment, and its link to MLFLOW_UI_URL."""
    import jupyter_utils

    monkeypatch.setenv("MLFLOW_TRACKING_URI", runs.uri)
    monkeypatch.setenv("MLFLOW_UI_URL", "https://example.org/mlflow/")
    result = jupyter_utils.save_mlflow("e", notebook=repo.notebook)
    assert result.url == run_page("https://example.org/mlflow", result.experiment_id, result.run_id)
    assert runs.get(result.run_id).info.status == "FINISHED"


def test_commit_holds_notebook_and_twin_and_nothing_else(runs: Runs, repo: Repo) -> None:
    """What the user had staged stays staged, uncommitted work stays as it was, byte for byte."""
    (repo.path / "code.py").write_text("old\n")
    repo.git("add", "code.py")
    repo.git("commit", "-qm", "base")
    (repo.path / "code.py").write_text("staged\n")
    (repo.path / "new.py").write_text("staged too\n")
    repo.git("add", "code.py", "new.py")
    (repo.path / "code.py").write_text("work\n")
    (repo.path / "nb.py").write_text("# ---\n# jupyter:\n#   jupytext:\n#     formats: ipynb,py:percent\n# ---\n")
    (repo.path / "untracked.txt").write_text("x")
    staged = repo.git("diff", "--cached")
    runs.save(experiment_name="e", notebook=repo.notebook)
    assert sorted(repo.committed()) == ["nb.ipynb", "nb.py"]
    assert repo.git("diff", "--cached") == staged
    assert (repo.path / "code.py").read_text() == "work\n"
    assert repo.git("status", "--short").splitlines() == ["MM code.py", "A  new.py", "?? untracked.txt"]


@pytest.mark.parametrize(
    ("remote", "shown"),
    [
        ("git@github.com:owner/name.git", "https://github.com/owner/name.git"),
        ("https://user:pa55w0rd@example.org/owner/name.git", "https://example.org/owner/name.git"),
    ],
    ids=["ssh", "credentials"],
)
def test_tags(remote: str, shown: str, runs: Runs, repo: Repo) -> None:
    """The run names commit, branch and repository; an SSH remote in its https form, credentials never."""
    repo.git("remote", "add", "origin", remote)
    tags = runs.get(runs.save(experiment_name="e", notebook=repo.notebook).run_id).data.tags
    assert tags["mlflow.source.git.branch"] == "main"
    assert tags["mlflow.source.git.commit"] == repo.git("rev-parse", "HEAD")
    assert tags["mlflow.source.git.repoURL"] == shown
    assert "pa55w0rd" not in str(tags)  # a word that MLflow's made-up run names cannot hold
    assert (tags["mlflow.source.name"], tags["mlflow.source.type"]) == ("nb.ipynb", "NOTEBOOK")


def test_never_pushes(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """The remote has nothing afterwards."""
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "remote"], check=True)
    repo.git("remote", "add", "origin", str(tmp_path / "remote"))
    repo.git("config", "push.autoSetupRemote", "true")
    runs.save(experiment_name="e", notebook=repo.notebook)
    assert repo.git("ls-remote", "origin") == ""
