"""Small models of every make, what wraps them, and storing one and reading it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import transformers
from jupyter_utils.artifacts import writing
from jupyter_utils.artifacts.lookup import kind_named

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIZE = {"vocab_size": 8, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
GPT = {"vocab_size": 8, "n_embd": 8, "n_layer": 1, "n_head": 2, "bos_token_id": 0, "eos_token_id": 0}


def classifier(**more: Any) -> Any:
    return transformers.BertForSequenceClassification(transformers.BertConfig(**SIZE, **more))


def generator(**more: Any) -> Any:
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(**GPT, **more))


def plain() -> Any:
    return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))


def store(model: Any, folder: Path, key: str = "m", *, trust: bool = False) -> tuple[Any, Any]:
    """Write a model; give what the manifest says, and what is read."""
    planned, problems = writing.plan("model", {key: model})
    assert not problems, problems[0]
    stored = writing.write(planned[0], folder)
    kind = kind_named(stored.kind)
    assert kind
    read = kind.format(stored.format).read
    assert read
    return stored, read(folder / stored.path, stored.details | {"trust": trust})


def refusal(model: Any, key: str = "m") -> str:
    (problem,) = writing.plan("model", {key: model})[1]
    return str(problem)


def same(one: Any, other: Any) -> bool:
    """Tell whether two models, or states, have the same tensors under the same names."""
    one, other = (value if isinstance(value, dict) else value.state_dict() for value in (one, other))
    return list(one) == list(other) and all(
        one[name].dtype == other[name].dtype and torch.equal(one[name].cpu(), other[name].cpu()) for name in one
    )


WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "compile": torch.compile,
    "DataParallel": torch.nn.DataParallel,
    "DDP": torch.nn.parallel.DistributedDataParallel,
    "compiled DDP": lambda model: torch.compile(torch.nn.parallel.DistributedDataParallel(model)),
}
