"""Models as they stand in a notebook: wrapped, adapted, tied, sharded, offloaded; what is stored is what they are."""

from __future__ import annotations

import copy
import warnings
from typing import TYPE_CHECKING, Any

import accelerate
import pytest
import torch
import torch.distributed as dist
import transformers
from hypothesis import given
from hypothesis import strategies as st
from jupyter_utils.artifacts import writing
from jupyter_utils.artifacts.lookup import kind_named
from jupyter_utils.artifacts.weights import files
from jupyter_utils.artifacts.weights.adapters import not_named
from torch.distributed.fsdp import fully_shard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SIZE = {"vocab_size": 8, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
GPT = {"vocab_size": 8, "n_embd": 8, "n_layer": 1, "n_head": 2, "bos_token_id": 0, "eos_token_id": 0}

pytestmark = pytest.mark.filterwarnings("ignore")


def classifier(**more: Any) -> Any:
    return transformers.BertForSequenceClassification(transformers.BertConfig(**SIZE, **more))


def generator(**more: Any) -> Any:
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(**GPT, **more))


def plain() -> Any:
    return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))


def store(model: Any, folder: Path, key: str = "m") -> tuple[Any, Any]:
    """Write a model; give what the manifest says, and what is read."""
    planned, problems = writing.plan("model", {key: model})
    assert not problems, problems[0]
    stored = writing.write(planned[0], folder)
    kind = kind_named(stored.kind)
    assert kind
    read = kind.format(stored.format).read
    assert read
    return stored, read(folder / stored.path, stored.details | {"trust": False})


def refusal(model: Any, key: str = "m") -> str:
    (problem,) = writing.plan("model", {key: model})[1]
    return str(problem)


def same(one: Any, other: Any) -> bool:
    """Tell whether two models, or states, have the same tensors under the same names."""
    one, other = (value if isinstance(value, dict) else value.state_dict() for value in (one, other))
    return list(one) == list(other) and all(
        one[name].dtype == other[name].dtype and torch.equal(one[name], other[name]) for name in one
    )


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[None]:
    """Be the one process of a distributed job."""
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/group", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.fixture
def one_of_two() -> Iterator[None]:
    """Be the first of two processes, of which the other one does nothing."""
    from torch.testing._internal.distributed.fake_pg import FakeStore

    dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=2)
    yield
    dist.destroy_process_group()


# ---- wrappers ----

WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "compile": torch.compile,
    "DataParallel": torch.nn.DataParallel,
    "DDP": torch.nn.parallel.DistributedDataParallel,
    "compiled DDP": lambda model: torch.compile(torch.nn.parallel.DistributedDataParallel(model)),
}


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("key", ["m", "m.pt", "m.safetensors"])
@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_wrappers_leave_no_trace_in_the_names(wrap: Callable[[Any], Any], key: str, tmp_path: Path) -> None:
    """The names are those of the model's own class, which loads them."""
    model = plain()
    stored, state = store(wrap(model), tmp_path, key)
    assert same(state, model)
    plain().load_state_dict(state)
    assert stored.details["class"] == "torch.nn.modules.container.Sequential"


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_wrapped_models_of_transformers_keep_their_configuration(wrap: Callable[[Any], Any], tmp_path: Path) -> None:
    """The kind is that of the model inside."""
    model = classifier()
    stored, back = store(wrap(model), tmp_path)
    assert stored.format == "transformers"
    assert same(back, model)


def test_wrappers_around_a_part(tmp_path: Path) -> None:
    """A compiled block leaves no trace either, and what state dicts remember of versions follows the names."""
    model = plain()
    expected = copy.deepcopy(model.state_dict())
    model[0] = torch.compile(model[0])
    state = store(model, tmp_path)[1]
    assert same(state, expected)
    assert state._metadata == expected._metadata
    bert = classifier()
    expected = copy.deepcopy(bert.state_dict())
    bert.bert.encoder.layer[0] = torch.compile(bert.bert.encoder.layer[0])
    assert same(store(bert, tmp_path, "bert")[1], expected)


layers = st.sampled_from(["plain", "compiled", "parallel", "half", "tied", "frozen"])


@given(
    st.lists(layers, min_size=1, max_size=4),
    st.sampled_from([None, *WRAPPERS]),
    st.sampled_from(["m", "m.safetensors"]),
)
def test_any_stack_of_layers(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str], outer: str | None, key: str
) -> None:
    """However it is put together, what is stored is what the bare stack would load, ties and types included."""
    made: list[Any] = []
    for kind in kinds:
        layer = torch.nn.Linear(3, 3)
        if kind == "half":
            layer = layer.bfloat16()
        if kind == "frozen":
            layer.requires_grad_(False)
        if kind == "tied" and made:
            layer.weight = made[0].weight
        made.append(layer)
    bare = torch.nn.Sequential(*made)
    expected = bare.state_dict()
    dressed = [
        {"compiled": torch.compile, "parallel": torch.nn.DataParallel}.get(kind, lambda x: x)(one)
        for kind, one in zip(kinds, made, strict=True)
    ]
    model: Any = torch.nn.Sequential(*dressed)
    if outer in {"compile", "DataParallel"}:
        model = WRAPPERS[outer](model)
    state = store(model, tmp_path_factory.mktemp("stack"), key)[1]
    assert same(state, expected)
    places = [one.data_ptr() for one in expected.values()]
    again = [one.data_ptr() for one in state.values()]
    assert [places.index(one) for one in places] == [again.index(one) for one in again]


# ---- ties ----


@pytest.mark.parametrize("key", ["m.pt", "m.safetensors"])
def test_tied_weights_are_stored_once_and_come_back_tied(key: str, tmp_path: Path) -> None:
    """In torch's format and in safetensors'."""
    model = torch.nn.Sequential(torch.nn.Embedding(100, 100), torch.nn.Linear(100, 100, bias=False))
    model[1].weight = model[0].weight
    stored, state = store(model, tmp_path, key)
    assert same(state, model)
    assert state["0.weight"].data_ptr() == state["1.weight"].data_ptr()
    assert (tmp_path / stored.path).stat().st_size < 1.5 * 100 * 100 * 4


def test_ties_of_transformers(tmp_path: Path) -> None:
    """As its class ties them; one that its class does not know would not come back, which is said."""
    model = generator()
    back = store(model, tmp_path, "tied")[1]
    assert same(back, model)
    assert back.lm_head.weight is back.transformer.wte.weight
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach() + 1)
    stored, back = store(model, tmp_path, "untied")
    assert same(back, model)
    assert not stored.warnings
    model = generator(tie_word_embeddings=False)
    model.lm_head.weight = model.transformer.wte.weight
    planned = writing.plan("model", {"by hand": model})[0][0]
    assert "from_pretrained would not give" in writing.write(planned, tmp_path).warnings[0]


# ---- what from_pretrained would give ----


@pytest.mark.parametrize("head", [torch.nn.Linear(8, 5), torch.nn.Sequential(torch.nn.Linear(8, 2))])
def test_a_head_that_its_configuration_does_not_know_is_named(head: Any, tmp_path: Path) -> None:
    """It would come back as a new, random one: a warning at once, and no such model later."""
    model = classifier()
    model.classifier = head
    stored = writing.write(writing.plan("model", {"m": model})[0][0], tmp_path)
    assert "classifier" in stored.warnings[0]
    read = kind_named(stored.kind).format(stored.format).read
    with pytest.raises(Exception, match="classifier"):
        read(tmp_path / stored.path, stored.details)


def test_types_that_differ_within_a_model(tmp_path: Path) -> None:
    """`from_pretrained` would make all of them the same."""
    model = classifier()
    model.bert.half()
    assert same(store(model, tmp_path)[1], model)
    model = classifier().bfloat16()
    assert same(store(model, tmp_path, "b")[1], model)


def test_random_numbers_go_on_as_if_nothing_was_saved(tmp_path: Path) -> None:
    """Looking at what the class would make draws none of the user's."""
    model = classifier()
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    writing.write(writing.plan("model", {"m": model})[0][0], tmp_path)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("model", ["MixtralForCausalLM", "T5ForConditionalGeneration"])
def test_models_whose_files_have_other_names_or_pieces(model: str, tmp_path: Path) -> None:
    """What is stored under names of an older release, or tied in several places, is all there."""
    config = {
        "MixtralForCausalLM": lambda: transformers.MixtralConfig(
            **SIZE, num_key_value_heads=1, num_local_experts=2, bos_token_id=0, eos_token_id=0
        ),
        "T5ForConditionalGeneration": lambda: transformers.T5Config(
            vocab_size=8, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2
        ),
    }[model]()
    made = getattr(transformers, model)(config)
    stored, back = store(made, tmp_path)
    assert same(back, made)
    assert not stored.warnings


# ---- adapters ----


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


# ---- weights that are elsewhere ----


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("key", ["m.pt", "m.safetensors", "m.pkl"])
def test_fsdp2_of_one_process(key: str, tmp_path: Path) -> None:
    """The tensors are plain ones, as its class would load them; in a checkpoint, too."""
    model = plain()
    expected = copy.deepcopy(model.state_dict())
    fully_shard(model)
    value = {"model": model.state_dict()} if key == "m.pkl" else model
    planned = writing.plan("model", {key: value})[0][0]
    stored = writing.write(planned, tmp_path)
    read = kind_named(stored.kind).format(stored.format).read
    back = read(tmp_path / stored.path, stored.details)
    assert same(back["model"] if key == "m.pkl" else back, expected)


@pytest.mark.usefixtures("alone")
def test_fsdp2_of_transformers(tmp_path: Path) -> None:
    """The class is the model's own."""
    model = classifier()
    expected = copy.deepcopy(model.state_dict())
    for layer in model.bert.encoder.layer:
        fully_shard(layer)
    fully_shard(model)
    stored, back = store(model, tmp_path)
    assert stored.details["class"] == "BertForSequenceClassification"
    assert same(back, expected)


@pytest.mark.usefixtures("one_of_two")
def test_a_part_of_a_model_is_refused_and_nobody_is_waited_for() -> None:
    """One process alone cannot have the others' parts; the message says how to gather them."""
    model = plain()
    fully_shard(model)
    for key in ("m.pt", "m.safetensors"):
        assert "full_state_dict=True" in refusal(model, key)
    assert "['model']['0.weight']" in refusal({"model": model.state_dict()}, "c.pt")


def test_a_model_without_values_is_refused() -> None:
    """By the name of a weight."""
    assert "'0.weight', which is on the meta device" in refusal(plain().to("meta"))
    with torch.device("meta"):
        assert "word_embeddings.weight" in refusal(classifier())


@pytest.mark.parametrize("where", ["memory", "disk"])
@pytest.mark.parametrize("make", [plain, classifier, generator])
def test_offloaded_weights_are_taken_from_where_they_lie(make: Callable[[], Any], where: str, tmp_path: Path) -> None:
    """The model itself has none then, and keeps none afterwards."""
    model = make()
    expected = copy.deepcopy(model)
    if where == "memory":
        accelerate.cpu_offload(model, execution_device=torch.device("cpu"))
    else:
        accelerate.disk_offload(model, tmp_path / "offload", execution_device=torch.device("cpu"))
    stored, back = store(model, tmp_path)
    assert same(back, expected)
    assert not stored.warnings
    assert {one.device.type for one in model.parameters()} == {"meta"}


def test_a_model_that_was_loaded_offloaded(tmp_path: Path) -> None:
    """As `device_map` of transformers does it, tied weights included."""
    expected = generator()
    expected.save_pretrained(tmp_path / "from")
    model = transformers.GPT2LMHeadModel.from_pretrained(
        tmp_path / "from", device_map={"transformer": "disk", "lm_head": "disk"}, offload_folder=tmp_path / "offload"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        stored, back = store(model, tmp_path)
    assert same(back, expected)
    assert not stored.warnings
