"""Models as they stand in a notebook: wrapped, tied, of mixed types; what is stored is what they are."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st
from jupyter_utils.artifacts import writing
from jupyter_utils.artifacts.lookup import kind_named
from stored_models import SIZE, WRAPPERS, classifier, generator, plain, same, store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")


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
