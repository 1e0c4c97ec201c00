"""Five small studies as researchers have them: cells, and the files beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

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
from wcwidth import wcswidth
def judged(frame):
    width = [wcswidth(text) for text in frame["文"]]
    guess = [random.random() < one / 24 for one in width]
    return (pd.Series(guess) == (frame["級"] == 1)).mean(), pd.DataFrame({"width": width, "guess": guess})
"""
STUDIES = {
    "Japanese text": [START, READ, TEXTS, SAVE],
    "fine-tuning": [START, READ, TUNING, SAVE],
    "fine-tuning, unseeded": [START.splitlines()[0], READ, TUNING, SAVE],
    "LightGBM": [START, READ, BOOSTING, SAVE],
    "helpers": [START, READ, HELPED, SAVE],
    "script": [START, READ, TEXTS, SAVE],
}
"""Name -> cells; those of the script are its lines. Only "helpers" gives something else with an older wcwidth."""


def write_data(place: Path) -> None:
    """Write rows of short Japanese texts, and what they are; one of their signs older tables take for two."""
    good, bad = "とても良い映画だった👩‍🔬", "ひどく退屈な話でした"
    rows = (f"{(good if at % 2 else bad)[at % 5 :]}{at}番,{at % 2 if at % 11 else 1 - at % 2}\n" for at in range(80))
    (place / "data.csv").write_text(f"文,級\n{''.join(rows)}", encoding="utf-8")
