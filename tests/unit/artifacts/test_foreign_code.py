"""Reading a model never asks whether to run code that came with it, and runs none without trust."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import torch
import transformers
from jupyter_utils.artifacts.formats.models import read_pretrained
from jupyter_utils.artifacts.registry import NotTrustedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TINY = {"vocab_size": 8, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
CODE = """
import pathlib
import transformers

pathlib.Path({trace!r}).touch()

class Config(transformers.BertConfig): model_type = "foreign"
class Model(transformers.BertModel): config_class = Config
class Tokenizer(transformers.PreTrainedTokenizerFast): pass
class Processor(transformers.ProcessorMixin): pass
def generate(model, *args, **kwargs): return None
"""


def bert(folder: Path) -> None:
    transformers.BertModel(transformers.BertConfig(**TINY)).save_pretrained(folder)


def change(file: Path, **values: Any) -> None:
    content = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(content | values))


def auto(name: str, own: str, file: str = "config.json", **more: Any) -> Callable[[Path], str]:
    """Make a folder whose file names own code for an Auto class, and return that class."""

    def make(folder: Path) -> str:
        bert(folder)
        change(folder / "config.json", model_type="foreign")
        change(folder / file, auto_map={name: own, "AutoConfig": "code.Config"}, **more)
        return name

    return make


def generating(folder: Path) -> str:
    config = transformers.GPT2Config(vocab_size=8, n_embd=8, n_layer=1, n_head=2)
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    (folder / "custom_generate").mkdir()
    (folder / "custom_generate" / "generate.py").write_text((folder / "code.py").read_text())
    return "GPT2LMHeadModel"


def pipeline(folder: Path) -> str:
    bert(folder)
    return "pipeline"


CASES = {
    "model": auto("AutoModel", "code.Model"),
    "task": auto("AutoModelForCausalLM", "code.Model"),
    "configuration": auto("AutoConfig", "code.Config"),
    "tokenizer": auto(
        "AutoTokenizer",
        ["code.Tokenizer", None],
        "tokenizer_config.json",
        tokenizer_class="Tokenizer",  # type: ignore[arg-type]
    ),
    "processor": auto("AutoProcessor", "code.Processor", "processor_config.json", processor_class="Processor"),
    "function": pipeline,
}


@pytest.mark.parametrize("make", CASES.values(), ids=CASES)
def test_foreign_code_is_refused_without_a_question(
    make: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever names the code, nobody is asked, it does not run, and the error is not a damaged file's."""
    asked: list[str] = []
    monkeypatch.setattr("builtins.input", lambda text="": asked.append(text) or "y")
    folder, trace = tmp_path / "folder", tmp_path / "ran"
    folder.mkdir()
    (folder / "code.py").write_text(CODE.format(trace=str(trace)))
    name = make(folder)
    with pytest.raises(NotTrustedError):
        read_pretrained(folder, {"class": name, "module": "transformers"})
    assert (asked, trace.exists()) == ([], False)


def test_with_trust_it_runs_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says trust=True gets the model, and is asked nothing."""
    monkeypatch.setattr("builtins.input", lambda _="": pytest.fail("asked"))
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))
    folder, trace = tmp_path / "folder", tmp_path / "ran"
    folder.mkdir()
    (folder / "code.py").write_text(CODE.format(trace=str(trace)))
    name = CASES["model"](folder)
    model = read_pretrained(folder, {"class": name, "module": "transformers", "trust": True})
    assert (type(model).__name__, trace.exists()) == ("Model", True)


def test_code_that_is_not_needed_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of a class of transformers' own comes back, though its files name code; a user is asked as before."""
    monkeypatch.setattr("builtins.input", lambda _="": pytest.fail("asked"))
    bert(tmp_path)
    change(tmp_path / "config.json", auto_map={"AutoModel": "code.Model"})
    assert type(read_pretrained(tmp_path, {"class": "BertModel", "module": "x"})) is transformers.BertModel
    assert transformers.dynamic_module_utils.TIME_OUT_REMOTE_CODE > 0


def test_own_generate_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function for generating text that lies beside the weights does not run: the model has transformers' own."""
    monkeypatch.setattr("builtins.input", lambda _="": pytest.fail("asked"))
    folder, trace = tmp_path / "folder", tmp_path / "ran"
    folder.mkdir()
    (folder / "code.py").write_text(CODE.format(trace=str(trace)))
    model = read_pretrained(folder, {"class": generating(folder), "module": "transformers"})
    assert (type(model), trace.exists()) == (transformers.GPT2LMHeadModel, False)


def test_pickled_weights_run_nothing(tmp_path: Path) -> None:
    """A folder whose weights are a pickle with code, in the place of safetensors, is refused."""
    trace = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return type(trace).touch, (trace,)

    bert(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save({"x": Evil()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(Exception, match=r"weights_only|Unsupported|pickle"):
        read_pretrained(tmp_path, {"class": "BertModel", "module": "x"})
    assert not trace.exists()
