"""The safetensors format, streamed: 8 bytes of length, a header in JSON, and the tensors' bytes in the header's order.

The library writes tensors only as a whole. It is asked for the order and the names of types, by a file of empty tensors
of the same names; shapes and offsets are filled in here. The file is byte for byte the library's own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .storages import pieces, synchronize
from .whole import whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .frame import Sink

_ALIGNED = 8


class SharedError(Exception):
    """Tensors share memory in a way that the format cannot keep."""


def write_safetensors(tensors: Mapping[str, Any], write: Sink, metadata: Mapping[str, str] | None = None) -> None:
    """Write what `safetensors.torch.save_file` would, one tensor after the other; copies none but what has gaps.

    Args:
        tensors: name -> tensor; none may share memory with another (see `without_twins`).
        write: takes the file's bytes, in order.
        metadata: texts for the header.
    """
    from safetensors.torch import save

    given = {name: whole(tensor) for name, tensor in tensors.items()}
    empty = _header(save({name: tensor.new_empty((0, 1), device="cpu") for name, tensor in given.items()}))
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name, entry in empty.items():
        begin, end = end, end + given[name].numel() * given[name].element_size()
        shape = [*given[name].shape]
        if shape:
            shape[-1] *= entry["shape"][-1]  # 2 where a byte holds two numbers
        header[name] = {"dtype": entry["dtype"], "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNED)
    write(len(text).to_bytes(8, "little") + text)
    synchronize(tensor.device for tensor in given.values())
    for name in empty:
        for piece in tensor_bytes(given[name]):
            write(piece)


def as_written(tensor: Any) -> Any:
    """Return a tensor whose elements lie in memory as in the file; itself, but for one with gaps."""
    return whole(tensor).detach().resolve_conj().resolve_neg().contiguous()


def tensor_bytes(tensor: Any) -> Iterator[memoryview]:
    """Yield the bytes of a tensor's elements in order, as the format has them."""
    tensor = as_written(tensor)
    size = tensor.numel() * tensor.element_size()
    skip = tensor.storage_offset() * tensor.element_size()
    yield from pieces(tensor.untyped_storage(), skip, size)


def _header(content: bytes) -> dict[str, Any]:
    length = int.from_bytes(content[:8], "little")
    found = json.loads(content[8 : 8 + length])
    found.pop("__metadata__", None)
    return dict(found)


@dataclass(frozen=True)
class Untwinned:
    """Tensors of which none is another under a second name, and those names: the second -> the one that is kept."""

    tensors: dict[str, Any]
    twins: dict[str, str]


def without_twins(tensors: Mapping[str, Any]) -> Untwinned:
    """Leave out each tensor that is one and the same as another, as `safetensors.torch.save_model` does.

    Raises:
        SharedError: two overlap, but are not the same.
    """
    kept: dict[str, Any] = {}
    twins: dict[str, str] = {}
    same: dict[Any, str] = {}
    spans: dict[Any, list[tuple[int, int, str]]] = {}
    for name, given in sorted(tensors.items()):
        tensor = whole(given)
        place = (str(tensor.device), tensor.untyped_storage().data_ptr())
        look = (*place, tensor.storage_offset(), tuple(tensor.shape), tuple(tensor.stride()), tensor.dtype)
        if not tensor.numel():
            kept[name] = tensor
        elif look in same:
            twins[name] = same[look]
        else:
            same[look], kept[name] = name, tensor
            spans.setdefault(place, []).append((*_span(tensor), name))
    for spans_of_one in spans.values():
        _refuse_overlaps(sorted(spans_of_one))
    return Untwinned({name: kept[name] for name in tensors if name in kept}, twins)


def _span(tensor: Any) -> tuple[int, int]:
    """Return the bytes between which a tensor's elements lie in its storage."""
    last = sum((length - 1) * stride for length, stride in zip(tensor.shape, tensor.stride(), strict=True))
    begin = tensor.storage_offset() * tensor.element_size()
    return begin, begin + (last + 1) * tensor.element_size()


def _refuse_overlaps(spans: list[tuple[int, int, str]]) -> None:
    reached, before = 0, ""
    for begin, end, name in spans:
        if begin < reached:
            raise SharedError(
                f"{before!r} and {name!r} share memory, but are not the same tensor, which .safetensors cannot keep: "
                "name it .pt"
            )
        reached, before = max(reached, end), name
