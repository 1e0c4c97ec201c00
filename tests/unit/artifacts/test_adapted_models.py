"""Adapters of PEFT: with the head that was trained, and with their base unless its name gives the very same one."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import accelerate
import pytest
import torch
import transformers
from jupyter_utils.artifacts import writing
from jupyter_utils.artifacts.weights import files
from jupyter_utils.artifacts.weights.adapters import not_named
from stored_models import SIZE, WRAPPERS, classifier, generator, plain, refusal, same, store

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")


def peft() -> Any:
    return pytest.importorskip("peft", reason="peft is not among this environment's packages")


def changed(model: Any) -> Any:
    """Train, so to say: every weight that a user could train is another one now."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name or "classifier" in name:
                parameter.add_(torch.randn_like(parameter))
    return model


def test_an_adapter_in_a_model_keeps_the_trained_head(tmp_path: Path) -> None:
    """The directory is the whole model, and `from_pretrained` gives it back with the adapter."""
    model = classifier()
    model.add_adapter(peft().LoraConfig(target_modules=["query"]))
    changed(model)
    stored, back = store(torch.compile(model), tmp_path)
    assert same(back, model)
    assert same(transformers.BertForSequenceClassification.from_pretrained(tmp_path / stored.path), model)
    assert not stored.warnings
    assert model._hf_peft_config_loaded


def test_several_adapters_in_a_model(tmp_path: Path) -> None:
    """All of them, and which one is active; a copy of a module that one of them trains, too."""
    model = classifier()
    lora = peft().LoraConfig
    model.add_adapter(lora(target_modules=["query"], modules_to_save=["classifier"]), "一")
    model.add_adapter(lora(target_modules=["key"], modules_to_save=["classifier"]), "other")
    model.set_adapter("other")
    changed(model)
    back = store(model, tmp_path)[1]
    assert same(
        dict(sorted(back.state_dict().items())),
        dict(sorted(model.state_dict().items())),
    )
    assert back.active_adapters() == ["other"]


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("wrap", [None, *WRAPPERS])
def test_an_adapter_over_a_base_without_a_name_keeps_the_base(wrap: str | None, tmp_path: Path) -> None:
    """Nobody could get it from anywhere else."""
    model = changed(peft().get_peft_model(classifier(), peft().LoraConfig(target_modules=["query"])))
    model.add_adapter("two", peft().LoraConfig(target_modules=["value"]))
    stored, back = store(WRAPPERS[wrap](model) if wrap else model, tmp_path)
    assert type(back) is type(model)
    assert same(back, model)
    assert (tmp_path / stored.path / "adapter_config.json").is_file()
    assert "base_model" in stored.warnings[0]


def test_an_adapter_over_a_base_of_torch(tmp_path: Path) -> None:
    """The base's state lies beside the adapter."""
    base = plain()
    expected = copy.deepcopy(base.state_dict())
    model = peft().get_peft_model(base, peft().LoraConfig(target_modules=["0"]))
    stored, _ = store(model, tmp_path)
    assert same(torch.load(tmp_path / stored.path / "base_model.pt", weights_only=True), expected)


def test_an_adapter_that_is_merged_is_refused() -> None:
    """Its numbers are in the base's weights just now, and would be there twice."""
    model = peft().get_peft_model(classifier(), peft().LoraConfig(target_modules=["query"]))
    model.merge_adapter()
    assert "unmerge_adapter()" in refusal(model)


def used(model: Any) -> dict[str, torch.Tensor]:
    """Leave out the head under the adapter's own, which is new and random wherever the base is loaded."""
    return {name: one for name, one in model.state_dict().items() if "original_module" not in name}


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put a model into the hub's cache on this machine, as a download leaves it."""
    import huggingface_hub.constants

    cache, commit = tmp_path / "hub", "0" * 40
    snapshot = cache / "models--own--bert" / "snapshots" / commit
    transformers.BertModel(transformers.BertConfig(**SIZE)).save_pretrained(snapshot)
    (cache / "models--own--bert" / "refs").mkdir()
    (cache / "models--own--bert" / "refs" / "main").write_text(commit)
    for module in (huggingface_hub.constants, transformers.utils.hub.constants):
        monkeypatch.setattr(module, "HF_HUB_CACHE", str(cache))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return "own/bert"


def from_hub(name: str) -> Any:
    return transformers.BertForSequenceClassification.from_pretrained(name, local_files_only=True)


def test_a_base_with_a_name_is_not_copied(named: str, tmp_path: Path) -> None:
    """The adapter, and the head that it trains, are enough; the files in the cache say that the base is the same."""
    config = peft().LoraConfig(target_modules=["query"], task_type="SEQ_CLS")
    model = changed(peft().get_peft_model(from_hub(named), config))
    stored, back = store(model, tmp_path)
    assert not (tmp_path / stored.path / "base_model").exists()
    assert not stored.warnings
    again = peft().PeftModel.from_pretrained(from_hub(named), back)
    assert same(used(again), used(model))


@pytest.mark.parametrize("change", ["head", "weights", "cache"])
def test_a_base_that_its_name_would_not_give_is_copied(
    change: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A head that the adapter does not hold, weights that were trained or merged before, a name without files."""
    task = None if change == "head" else "SEQ_CLS"
    base = from_hub(named)
    if change == "weights":
        with torch.no_grad():
            base.bert.embeddings.word_embeddings.weight.add_(1)
    model = changed(peft().get_peft_model(base, peft().LoraConfig(target_modules=["query"], task_type=task)))
    if change == "cache":
        monkeypatch.setattr("transformers.utils.hub.cached_file", lambda *_, **__: None)
    stored, back = store(model, tmp_path)
    assert {"head": "classifier", "weights": "word_embeddings", "cache": "cache"}[change] in stored.warnings[0]
    assert same(back, model)


def test_what_peft_leaves_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An adapter's weight that is not in its file would come back as a new one."""
    model = changed(peft().get_peft_model(classifier(), peft().LoraConfig(target_modules=["query", "key"])))
    own = peft().peft_model.get_peft_model_state_dict

    def some(*args: Any, **more: Any) -> dict[str, Any]:
        return {name: one for name, one in own(*args, **more).items() if "key.lora_A" not in name}

    monkeypatch.setattr("peft.peft_model.get_peft_model_state_dict", some)
    stored = writing.write(writing.plan("model", {"m": model})[0][0], tmp_path)
    assert "key.lora_A" in stored.warnings[-1]


def test_a_base_in_a_folder_of_this_machine_has_no_name(tmp_path: Path) -> None:
    """The folder is not in the run."""
    classifier().save_pretrained(tmp_path / "folder")
    base = transformers.BertForSequenceClassification.from_pretrained(tmp_path / "folder")
    assert "this machine" in str(not_named(base, base.state_dict()))


@pytest.mark.parametrize("kind", ["adapted", "tied", "peft", "mixtral", "mixed", "offloaded"])
def test_the_same_in_a_stream(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As large models are written."""
    monkeypatch.setattr(files, "_SMALL", 0)
    lora = peft().LoraConfig(target_modules=["query"])
    model = generator() if kind == "tied" else classifier()
    if kind == "adapted":
        model.add_adapter(lora)
    elif kind == "peft":
        model = peft().get_peft_model(model, lora)
    elif kind == "mixtral":
        more = {"num_key_value_heads": 1, "num_local_experts": 2, "bos_token_id": 0, "eos_token_id": 0}
        model = transformers.MixtralForCausalLM(transformers.MixtralConfig(**SIZE, **more))
    elif kind == "mixed":
        model.bert.half()
    changed(model)
    expected = copy.deepcopy(model.state_dict())
    if kind == "offloaded":
        accelerate.disk_offload(model, tmp_path / "offload", execution_device=torch.device("cpu"))
    stored, back = store(model, tmp_path)
    assert same(back, expected)
    assert (kind == "peft") == bool(stored.warnings)
