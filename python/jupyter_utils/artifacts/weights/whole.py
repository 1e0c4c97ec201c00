"""Tensors that are not plainly there: a part of one that several processes share, or one without values."""

from __future__ import annotations

from typing import Any


class NotWholeError(Exception):
    """A tensor whose values are not all here; says what to do."""


def whole(tensor: Any) -> Any:
    """Return a tensor of which all values are here: itself, or what is this process's of a DTensor, if that is all.

    Nothing is gathered from other processes: they would all have to take part, and a call that only one of them makes
    would wait for ever.

    Raises:
        NotWholeError: some values are elsewhere, or nowhere.
    """
    if hasattr(tensor, "device_mesh") and hasattr(tensor, "placements"):
        return _local(tensor)
    if type(tensor).__name__ == "ShardedTensor" or _is_partitioned(tensor):
        raise NotWholeError(_GATHER)
    if tensor.device.type == "meta":
        raise NotWholeError(
            "is on the meta device and has no values: load or initialize the model first (to_empty, from_pretrained)"
        )
    return tensor


_GATHER = (
    "is one process's part of a tensor: gather it on every process first (torch.distributed.checkpoint.state_dict."
    "get_model_state_dict with StateDictOptions(full_state_dict=True, cpu_offload=True)), and give that"
)


def _local(tensor: Any) -> Any:
    mesh = tensor.device_mesh
    for dimension, placement in enumerate(tensor.placements):
        if not placement.is_replicate() and mesh.size(dimension) > 1:
            raise NotWholeError(_GATHER)
    return whole(tensor.to_local())


def _is_partitioned(tensor: Any) -> bool:
    """Tell whether DeepSpeed (ZeRO 3) holds a parameter's values in parts."""
    return hasattr(tensor, "ds_id") and hasattr(tensor, "ds_shape") and tensor.numel() == 0 != _product(tensor.ds_shape)


def _product(shape: Any) -> int:
    result = 1
    for length in shape:
        result *= length
    return result
