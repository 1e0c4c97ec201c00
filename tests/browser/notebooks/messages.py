# %%
"""Tell from a Japanese message of JupyterLab's interface whether it belongs to the settings."""

import json
from importlib import resources

import jupyter_utils
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sudachipy import Dictionary

# %%
pack = resources.files("jupyterlab_language_pack_ja_JP")
messages = json.loads((pack / "locale/ja_JP/LC_MESSAGES/jupyterlab.json").read_text("utf-8"))
tokenizer = Dictionary().create()
rows = [
    {
        "text": japanese[0],
        "label": "settings" if english.startswith(("settings\x04", "schema\x04")) else "menus",
        "words": " ".join(word.surface() for word in tokenizer.tokenize(japanese[0])),
    }
    for english, japanese in messages.items()
    if english and japanese[0]
]
data = pd.DataFrame(rows).drop_duplicates("text")
train_df, rest = train_test_split(data, test_size=0.4, stratify=data["label"], random_state=0)
val_df, test_df = train_test_split(rest, test_size=0.5, stratify=rest["label"], random_state=0)
train_df, val_df, test_df = (part.reset_index(drop=True) for part in (train_df, val_df, test_df))
data["label"].value_counts()

# %%
params = {"C": 10, "ngram_range": (1, 2), "tokenizer": "SudachiPy"}
model = make_pipeline(
    TfidfVectorizer(token_pattern=r"\S+", ngram_range=params["ngram_range"]),
    LogisticRegression(C=params["C"], max_iter=1000),
)
model.fit(train_df["words"], train_df["label"])
results_df = test_df.assign(predicted=model.predict(test_df["words"]))
majority = DummyClassifier().fit(train_df["words"], train_df["label"]).predict(test_df["words"])
metrics = {
    "val_accuracy": accuracy_score(val_df["label"], model.predict(val_df["words"])),
    "test_accuracy": accuracy_score(results_df["label"], results_df["predicted"]),
    "test_f1": f1_score(results_df["label"], results_df["predicted"], average="macro"),
    "majority_accuracy": accuracy_score(results_df["label"], majority),
}
pd.Series(metrics).round(3)

# %%
results_df[["text", "label", "predicted"]].sample(4, random_state=5).style.hide()

# %%
jupyter_utils.save_mlflow(
    experiment_name="test_exp",
    description="Test experiment",
    params=params,
    metrics=metrics,
    dataset={"train.csv": train_df, "val.csv": val_df, "test.csv": test_df},
    model={"classifier.mdl": model},
    result={"test_results.csv": results_df},
)
