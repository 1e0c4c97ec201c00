"""Directories of `from_pretrained`: written in a stream, and held against the model whose they are."""

from __future__ import annotations

import copy
import functools
import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_utils.adapters.transformers import weights_written_by
from jupyter_utils.artifacts.registry import CannotWriteError

from .files import safetensors_file
from .modules import own_class
from .safetensors import tensor_bytes
from .storages import place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass
class Files:
    """What went into files of weights: which tensors of the model's own, and copies that were made of some.

    `own` are the places of the model's tensors; `written` those of them that are in a file; `copies` the digests, by
    their names, of tensors that were made anew for a file (contiguous, or under an older release's name).
    """

    own: frozenset[Any]
    written: set[Any] = field(default_factory=set)
    copies: dict[str, str] = field(default_factory=dict)
    copied: int = 0

    def write(self, tensors: dict[str, Any], filename: str, metadata: dict[str, str] | None) -> None:
        """Write one file, in the place of safetensors' `save_file`."""
        for name, tensor in tensors.items():
            if place(tensor) in self.own:
                self.written.add(place(tensor))
            else:
                self.copies[name] = _digest(tensor)
                self.copied += tensor.numel() * tensor.element_size()
        safetensors_file(tensors, Path(filename), metadata)

    def missing(self, state: Mapping[str, Any]) -> list[str]:
        """Name the tensors of a state that are in no file."""
        absent = {name: one for name, one in state.items() if _is_tensor(one) and place(one) not in self.written}
        wrong = {name: one for name, one in absent.items() if self.copies.get(name) != _digest(one)}
        found = sum(one.numel() * one.element_size() for name, one in absent.items() if name not in wrong)
        # Some models' weights lie in other pieces in the files than in the model: then these are as many bytes.
        same = sum(one.numel() * one.element_size() for one in wrong.values()) == self.copied - found
        return [] if same else sorted(wrong)


def _is_tensor(one: Any) -> bool:
    return hasattr(one, "untyped_storage")


def _digest(tensor: Any) -> str:
    sha = hashlib.sha256(repr((tuple(tensor.shape), tensor.dtype)).encode())
    for piece in tensor_bytes(tensor):
        sha.update(piece)
    return sha.hexdigest()


@contextmanager
def writing(state: Mapping[str, Any]) -> Iterator[Files]:
    """Stream what `save_pretrained` writes in the block, and note what of a model's state it was."""
    files = Files(frozenset(place(one) for one in state.values() if _is_tensor(one)))
    with weights_written_by(files.write):
        yield files


def save_bare(model: Any, path: Path, state: Mapping[str, Any]) -> None:
    """Have transformers write a model with its configuration and all of its weights, whatever adapters it has.

    Args:
        model: the model.
        path: the directory.
        state: its state dict, under the names that its class has without adapters.

    Raises:
        CannotWriteError: weights share memory in a way that its class does not know.
    """
    # Another object with the same content, of which transformers does not know that there are adapters (it would write
    # nothing else) or that weights are offloaded (which `state` has).
    bare: Any = object.__new__(own_class(model))
    bare.__dict__.update(model.__dict__)
    bare.__dict__["_hf_peft_config_loaded"] = False
    bare.__dict__.pop("hf_device_map", None)
    try:
        bare.save_pretrained(path, state_dict=dict(state))
    except RuntimeError as error:
        if "shared tensors" not in str(error):
            raise
        raise CannotWriteError(
            f"some of its weights are one tensor, which its class does not tie: store its state_dict() as .pt ({error})"
        ) from error


def unlike(model: Any, state: Mapping[str, Any]) -> list[str]:
    """Name the tensors of a model that `from_pretrained` would not give back, though they are in its directory.

    It makes the model of the class and the configuration, and fills that by names: a head that was replaced would be a
    new, random one, and what is tied in the one and not in the other would change. That model is made without memory
    here.
    """
    made = _made(own_class(model), model.config.to_json_string(use_diff=False), _Config(model.config))
    if made is None:
        return []
    have = _shapes_and_ties({name: one for name, one in state.items() if _is_tensor(one)}, place)
    # What is tied there and not here is in the files under both names, and transformers leaves it untied.
    return sorted(
        name
        for name in have.keys() | made.keys()
        if name not in have
        or name not in made
        or have[name].shape != made[name].shape
        or (have[name].first != name and made[name].first == name)
    )


@dataclass(frozen=True)
class _Like:
    """A tensor's shape, and the first name of those under which it stands."""

    shape: tuple[int, ...]
    first: str


def _shapes_and_ties(tensors: Mapping[str, Any], identity: Callable[[Any], Any]) -> dict[str, _Like]:
    first: dict[Any, str] = {}
    return {
        name: _Like(tuple(tensors[name].shape), first.setdefault(identity(tensors[name]), name))
        for name in sorted(tensors)
    }


class _Config:
    """A configuration, which its text stands for where calls are remembered."""

    def __init__(self, config: Any) -> None:
        self.config = config

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Config)

    def __hash__(self) -> int:
        return 0


@functools.lru_cache(maxsize=16)
def _made(cls: Any, _text: str, config: _Config) -> dict[str, _Like] | None:
    import torch

    try:
        # Its own generator, since some classes draw numbers while they are made.
        with torch.random.fork_rng(devices=[]), torch.device("meta"):
            made = cls(copy.deepcopy(config.config))
        made.tie_weights()
        return _shapes_and_ties(made.state_dict(keep_vars=True), id)
    except Exception:  # noqa: BLE001 - a class of somebody's own, which is made in another way
        return None
