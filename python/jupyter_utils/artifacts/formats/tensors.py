"""Tensors of torch, by name: a module's state_dict, or one that is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.registry import Details, Written

if TYPE_CHECKING:
    from pathlib import Path


def check_state_dict(value: dict[Any, Any]) -> str | None:
    wrong = next((key for key, one in value.items() if type(key) is not str or not hasattr(one, "detach")), None)
    if wrong is None and value:
        return None
    return "is not a state_dict (name -> tensor): give the model itself, or store it under dataset= or result="


def _state_dict_on_cpu(value: Any) -> dict[str, Any]:
    """Return a module's state (or a given one) on the CPU; copies what lives elsewhere, and moves nothing."""
    state = value if isinstance(value, dict) else value.state_dict()
    return {name: one.detach().cpu() if hasattr(one, "detach") else one for name, one in state.items()}


def write_state_dict(value: Any, path: Path) -> Written:
    import torch

    torch.save(_state_dict_on_cpu(value), path)
    return Written({"class": f"{type(value).__module__}.{type(value).__qualname__}"})


def read_state_dict(path: Path, _: Details) -> Any:
    import torch

    return torch.load(path, map_location="cpu", weights_only=True)


def write_safetensors(value: Any, path: Path) -> Written:
    from safetensors.torch import save_file

    state = _state_dict_on_cpu(value)
    # The format refuses tensors that share memory (tied weights) or are not contiguous: each gets its own.
    save_file({name: tensor.contiguous().clone() for name, tensor in state.items()}, path, metadata={"format": "pt"})
    return Written({"class": f"{type(value).__module__}.{type(value).__qualname__}"})


def read_safetensors(path: Path, _: Details) -> Any:
    from safetensors.torch import load_file

    return load_file(path)
