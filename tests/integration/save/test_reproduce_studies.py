"""Five small studies as researchers have them, each saved once, and run again where things have changed since."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from calling import env, execute, write_notebook

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Repo, Runs

START = "import jupyter_utils\njupyter_utils.fix_seeds(42)"
READ = 'import pandas as pd\nframe = pd.read_csv("data.csv")'
SAVE = (
    'r = jupyter_utils.save_mlflow("studies", metrics={"accuracy": float(accuracy)}, result={"out.csv": out})\n'
    'print("RUN", r.run_id)'
)
TEXTS = """
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split
x = TfidfVectorizer(analyzer="char", ngram_range=(1, 2)).fit_transform(frame["文"])
train_x, test_x, train_y, test_y = train_test_split(x, frame["級"])
model = SGDClassifier().fit(train_x, train_y)
accuracy, out = model.score(test_x, test_y), pd.DataFrame({"p": model.decision_function(test_x)})
"""
TUNING = """
import torch, transformers
texts, labels = list(frame["文"]), torch.tensor(list(frame["級"]))
ids = torch.tensor([[ord(letter) % 90 + 1 for letter in text[:16].ljust(16)] for text in texts])
config = transformers.BertConfig(vocab_size=100, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                                 intermediate_size=32, max_position_embeddings=16)
model = transformers.BertForSequenceClassification(config)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
for _ in range(5):
    loss = model(ids, labels=labels).loss
    optimizer.zero_grad(); loss.backward(); optimizer.step()
model.eval()
logits = model(ids).logits.detach()
accuracy, out = (logits.argmax(1) == labels).float().mean(), pd.DataFrame(logits.numpy(), columns=["no", "yes"])
"""
BOOSTING = """
import lightgbm
x = frame["文"].map(lambda text: [len(text), sum(map(ord, text)) % 997]).apply(pd.Series)
model = lightgbm.train({"objective": "binary", "verbose": -1, "bagging_fraction": 0.7, "bagging_freq": 1,
                        "seed": 3, "num_threads": 1}, lightgbm.Dataset(x, frame["級"]), 20)
p = model.predict(x)
accuracy, out = ((p > 0.5) == frame["級"]).mean(), pd.DataFrame({"p": p})
"""
HELPED = "import helper\naccuracy, out = helper.judged(frame)"
HELPER = """
import random
import pandas as pd
def judged(frame):
    guess = [random.random() < len(text) / 12 for text in frame["文"]]
    return (pd.Series(guess) == (frame["級"] == 1)).mean(), pd.DataFrame({"g": guess})
"""
STUDIES = {
    "Japanese text": [START, READ, TEXTS, SAVE],
    "fine-tuning": [START, READ, TUNING, SAVE],
    "fine-tuning, unseeded": [START.splitlines()[0], READ, TUNING, SAVE],
    "LightGBM": [START, READ, BOOSTING, SAVE],
    "helpers": [START, READ, HELPED, SAVE],
    "script": [START, READ, TEXTS, SAVE],
}
"""Name -> cells; those of the script are its lines."""


def words() -> str:
    """Give rows of short Japanese texts and what they are."""
    good, bad = "とても良い映画だった", "ひどく退屈な話でした"
    return "".join(
        f"{(good if at % 2 else bad)[at % 5 :]}{at}番,{at % 2 if at % 11 else 1 - at % 2}\n" for at in range(80)
    )


def saved(name: str, place: Path, runs: Runs, **settings: str) -> str:
    """Compute a study once; the id of its run."""
    cells = STUDIES[name]
    if name == "script":
        (place / "study.py").write_text("\n".join(cells), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "study.py"],
            cwd=place,
            env=env(MLFLOW_TRACKING_URI=runs.uri, **settings),
            text=True,
            capture_output=True,
            check=True,
        )
        return done.stdout.split("RUN ")[1].split()[0]
    shown = execute(write_notebook(place / "study.ipynb", *cells), MLFLOW_TRACKING_URI=runs.uri, **settings)
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


# What has happened since -> whether it needs --data, and the exit code, the unseeded study's last.
SINCE: dict[str, tuple[Callable[[Path], Path], bool, int]] = {
    "unchanged": (unchanged, False, 0),
    "a fresh clone, another HOME, another path": (cloned, True, 0),
    "the repository deleted": (deleted, True, 0),
    "one byte of the data": (one_byte, False, 1),
}


@pytest.mark.full
@pytest.mark.parametrize("since", SINCE)
@pytest.mark.parametrize("name", STUDIES)
def test_a_study_is_run_again(name: str, since: str, runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """The same, unless data has changed or nothing was seeded; then the report says so."""
    (repo.path / "data.csv").write_text(f"文,級\n{words()}", encoding="utf-8")
    (repo.path / "helper.py").write_text(HELPER, encoding="utf-8")
    repo.git("add", "helper.py")
    repo.git("commit", "-qm", "helper")
    own = {name: str(tmp_path / name) for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME")}
    recording = {f"JUPYTER_UTILS_RECORD_{what}": "on" for what in ("CODE", "INPUTS")}
    run = saved(name, repo.path, runs, **own, **recording)
    change, with_data, code = SINCE[since]
    place = change(repo.path)
    if since.startswith("a fresh clone"):
        own = {name: str(tmp_path / "other" / name) for name in own}
    command = ["reproduce", run, "--trust", *(["--data", str(place)] if with_data else [])]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "jupyter_utils", *command],
        cwd=place,
        env=env(MLFLOW_TRACKING_URI=runs.uri, **own) | {"JUPYTER_UTILS_RECORD_INPUTS": "on"},
        text=True,
        capture_output=True,
        check=False,
    )
    last = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr
    print(f"{name} | {since} | {done.returncode} | {last}", file=sys.__stderr__)
    assert done.returncode == (1 if name.endswith("unseeded") else code), done.stdout + done.stderr
    if since == "one byte of the data":
        assert "data.csv is another than it was" in done.stdout
    assert list(Path(own["XDG_CACHE_HOME"], "jupyter-utils", "reproductions").iterdir()) == []
