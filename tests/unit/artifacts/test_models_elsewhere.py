"""Models whose weights lie elsewhere: with other processes, on the disk, nowhere."""

from __future__ import annotations

import copy
import warnings
from typing import TYPE_CHECKING, Any

import accelerate
import pytest
import torch
import torch.distributed as dist
import transformers
from jupyter_utils.artifacts import writing
from jupyter_utils.artifacts.lookup import kind_named
from stored_models import classifier, generator, plain, refusal, same, store
from torch.distributed.fsdp import fully_shard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def one_of_two() -> Iterator[None]:
    """Be the first of two processes, of which the other one does nothing."""
    from torch.testing._internal.distributed.fake_pg import FakeStore

    dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=2)
    yield
    dist.destroy_process_group()


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
