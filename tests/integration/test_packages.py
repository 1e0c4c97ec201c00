"""The packages that people who work on text expect: each is there, and does what it is for, without the network."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

VARIANT = json.loads(Path(sys.base_prefix, "share", "jupyter-utils", "environment.json").read_text())["variant"]
IMPORTS = """
import einops, evaluate, jaconv, nltk, openpyxl, optuna, peft, plotly.express, polars, sacrebleu, seaborn
import sentence_transformers, seqeval.metrics, spacy, tensorboard, tiktoken, trl
import jupyter_lsp, jupyterlab_lsp, pylsp, pylsp_ruff
import sys
print(*sorted({"comet_ml", "neptune", "tensorflow", "wandb"} & sys.modules.keys()))
"""
SENTENCE = "銀座でランチをご一緒しましょう。"


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerFast:
    """Make a tokenizer of five words."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(WordLevel({"[PAD]": 0, "[UNK]": 1, "</s>": 2, "猫": 3, "犬": 4}, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", eos_token="</s>")


@pytest.fixture
def model() -> Any:
    """Make a GPT-2 of two layers from its configuration."""
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(
        GPT2Config(vocab_size=5, n_positions=16, n_embd=8, n_layer=2, n_head=2, bos_token_id=2, eos_token_id=2)
    )


def test_all_import_and_bring_nobody_who_phones_home(tmp_path: Path) -> None:
    """In an empty home folder and without the network; no service of experiments is pulled in."""
    env = {**os.environ, "HOME": str(tmp_path), "MPLBACKEND": "agg", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


def test_ruff_runs_as_a_module() -> None:
    """So the language server starts it for every cell that is typed."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "-"],
        input="import os\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "F401" in done.stdout, done.stderr


@pytest.mark.parametrize("name", ["jupyterlab-execute-time", "@jupyter-lsp/jupyterlab-lsp"])
def test_jupyterlab_has_the_extension(name: str) -> None:
    """It lies where JupyterLab looks for what is built."""
    assert Path(sys.base_prefix, "share", "jupyter", "labextensions", name, "package.json").exists()


def test_no_package_brings_a_plugin_into_the_tests() -> None:
    """What adds itself to pytest would run in the tests of everybody who uses the environment."""
    brought = {point.dist.name for point in importlib.metadata.entry_points(group="pytest11") if point.dist}
    assert brought <= {"anyio", "hypothesis", "platformdirs", "pytest-timeout"}


@pytest.mark.full
def test_ginza_reads_japanese() -> None:
    """SpaCy's Japanese pipeline: lemmas, dependencies, names."""
    import spacy

    read = spacy.load("ja_ginza")(SENTENCE)
    assert [token.lemma_ for token in read][-3:] == ["する", "ます", "。"]
    assert next(token for token in read if token.text == "ランチ").dep_ == "obj"
    assert [(entity.text, entity.label_) for entity in read.ents] == [("銀座", "City")]


@pytest.mark.full
def test_measures_of_text() -> None:
    """F1 of entities, and BLEU of Japanese by characters and by words."""
    import sacrebleu
    from seqeval.metrics import f1_score

    assert f1_score([["B-PER", "I-PER", "O"]], [["B-PER", "I-PER", "B-LOC"]]) == pytest.approx(2 / 3)
    for tokenize in ("char", "ja-mecab"):
        assert sacrebleu.corpus_bleu([SENTENCE], [[SENTENCE]], tokenize=tokenize).score == pytest.approx(100)
        assert 0 < sacrebleu.corpus_bleu([SENTENCE[2:]], [[SENTENCE]], tokenize=tokenize).score < 100


@pytest.mark.full
def test_readers_of_japanese_work_side_by_side() -> None:
    """MeCab twice over (fugashi, mecab-python3), each with both dictionaries, and SudachiPy beside GiNZA."""
    import fugashi
    import ipadic
    import MeCab
    import spacy
    import sudachipy
    import unidic_lite

    short = ["し", "ましょ", "う", "。"]
    assert [token.lemma_ for token in spacy.load("ja_ginza")(SENTENCE)][-3:] == ["する", "ます", "。"]
    assert [word.surface() for word in sudachipy.Dictionary(dict="core").create().tokenize(SENTENCE)][-2] == "ましょう"
    assert [word.surface for word in fugashi.Tagger()(SENTENCE)][-2] == "ましょう"
    assert [word.surface for word in fugashi.GenericTagger(ipadic.MECAB_ARGS)(SENTENCE)][-4:] == short
    assert MeCab.Tagger(f"-Owakati {ipadic.MECAB_ARGS}").parse(SENTENCE).split()[-4:] == short
    assert MeCab.Tagger(f"-Owakati -r /dev/null -d {unidic_lite.DICDIR}").parse(SENTENCE).split()[-2] == "ましょう"


@pytest.mark.full
def test_evaluate_takes_a_metric_of_ones_own(tmp_path: Path) -> None:
    """A metric in a file works without the network."""
    import evaluate

    (tmp_path / "exact.py").write_text(
        "import datasets\nimport evaluate\n"
        "class Exact(evaluate.Metric):\n"
        "    def _info(self):\n"
        "        features = datasets.Features({'predictions': datasets.Value('string'),"
        " 'references': datasets.Value('string')})\n"
        "        return evaluate.MetricInfo(description='', citation='', features=features)\n"
        "    def _compute(self, predictions, references):\n"
        "        return {'exact': sum(a == b for a, b in zip(predictions, references)) / len(references)}\n"
    )
    metric = evaluate.load(str(tmp_path / "exact.py"), cache_dir=str(tmp_path / "cache"))
    assert metric.compute(predictions=["猫", "犬"], references=["猫", "鳥"]) == {"exact": 0.5}


@pytest.mark.full
def test_adapters_are_trained(model: Any, tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    """A LoRA of PEFT has few weights to train, and TRL's trainer trains them."""
    from datasets import Dataset
    from peft import LoraConfig, get_peft_model
    from trl import SFTConfig, SFTTrainer

    adapted = get_peft_model(model, LoraConfig(r=2, target_modules=["c_attn"], fan_in_fan_out=True))
    trained, total = adapted.get_nb_trainable_parameters()
    assert 0 < trained < total
    arguments = SFTConfig(
        output_dir=str(tmp_path), max_steps=1, per_device_train_batch_size=2, report_to=[], use_cpu=True, bf16=False
    )
    data = Dataset.from_dict({"text": ["猫 犬", "犬 猫"]})
    trainer = SFTTrainer(model=adapted, args=arguments, train_dataset=data, processing_class=tokenizer)
    assert trainer.train().global_step == 1


@pytest.mark.full
def test_sentences_become_vectors(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    """sentence-transformers takes a model that is made from its configuration."""
    from sentence_transformers import SentenceTransformer
    from transformers import BertConfig, BertModel

    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    BertModel(BertConfig(vocab_size=5, max_position_embeddings=16, **sizes)).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    assert SentenceTransformer(str(tmp_path), device="cpu").encode(["猫 犬", "犬"]).shape == (2, 8)


@pytest.mark.full
def test_optuna_searches() -> None:
    """A study of fifteen trials comes close to the minimum."""
    import optuna

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(lambda trial: (trial.suggest_float("x", -1, 1) - 0.5) ** 2, n_trials=15)
    assert study.best_params["x"] == pytest.approx(0.5, abs=0.2)


@pytest.mark.full
def test_figures_and_tables(tmp_path: Path) -> None:
    """Seaborn, Plotly, polars, and Excel's files."""
    import matplotlib as mpl

    mpl.use("agg")
    import openpyxl
    import plotly.express as px
    import polars as pl
    import seaborn as sns

    sns.barplot(x=["猫", "犬"], y=[1, 2]).figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000
    assert json.loads(px.bar(x=["猫", "犬"], y=[1, 2]).to_json())["data"][0]["type"] == "bar"
    frame = pl.DataFrame({"語": ["猫", "犬", "猫"], "n": [1, 2, 3]})
    assert frame.group_by("語").agg(pl.col("n").sum()).sort("n").rows() == [("犬", 2), ("猫", 4)]
    book = openpyxl.Workbook()
    book.active.append(["猫", 0.5])
    book.save(tmp_path / "book.xlsx")
    assert [cell.value for cell in next(openpyxl.load_workbook(tmp_path / "book.xlsx").active.rows)] == ["猫", 0.5]


@pytest.mark.full
def test_text_is_cut_and_converted() -> None:
    """NLTK without a download, jaconv, and tiktoken with an encoding made here (its own are fetched)."""
    import jaconv
    import tiktoken
    from nltk.tokenize import TreebankWordTokenizer

    assert TreebankWordTokenizer().tokenize("It's fine.") == ["It", "'s", "fine", "."]
    assert jaconv.kata2hira("カタカナ") + jaconv.h2z("ｶﾞ") == "かたかなガ"
    ranks = {bytes([number]): number for number in range(256)}
    encoding = tiktoken.Encoding("bytes", pat_str=r"\S+|\s+", mergeable_ranks=ranks, special_tokens={})
    assert encoding.decode(encoding.encode("日本 語")) == "日本 語"


@pytest.mark.full
def test_tensors_are_rearranged_and_logged(tmp_path: Path) -> None:
    """Einops on a tensor, and TensorBoard reads the event file that torch wrote."""
    import torch
    from einops import rearrange
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    assert rearrange(torch.zeros(2, 3, 4), "a b c -> (a b) c").shape == (6, 4)
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("loss", 0.5, 1)
    read = EventAccumulator(str(tmp_path))
    read.Reload()
    assert [(event.step, event.value) for event in read.Scalars("loss")] == [(1, 0.5)]


@pytest.mark.full
@pytest.mark.skipif(VARIANT != "cuda", reason="bitsandbytes is in the CUDA environments only")
def test_bitsandbytes_is_imported_quietly() -> None:
    """No advice to install more, which it gave on processors with AVX512-BF16."""
    done = subprocess.run([sys.executable, "-c", "import bitsandbytes"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.full
@pytest.mark.skipif(
    VARIANT != "cuda", reason="bitsandbytes is of use with a GPU alone, and in the CUDA environments only"
)
def test_bitsandbytes_quantizes() -> None:
    """Eight bits and back, on a GPU."""
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    from bitsandbytes.functional import dequantize_blockwise, quantize_blockwise

    values = torch.randn(64, device="cuda")
    back = dequantize_blockwise(*quantize_blockwise(values))
    assert torch.allclose(values, back, atol=0.1)
