"""Adapters of PEFT that are put into a model: which of its tensors are the model's own, and which an adapter's."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.registry import dotted_name

from .storages import place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TUNER = "peft.tuners.tuners_utils.BaseTunerLayer"
_WRAPPER = "peft.utils.other.AuxiliaryTrainingWrapper"
# Under which name each holds the layer that it stands for.
_INNER = {_TUNER: "base_layer", _WRAPPER: "original_module"}


def is_adapted(model: Any) -> bool:
    """Tell whether adapters were put into a model of transformers by its `add_adapter` or `load_adapter`."""
    return bool(getattr(model, "_hf_peft_config_loaded", False))


def _layers(model: Any) -> Iterator[tuple[str, Any, str]]:
    for path, one in model.named_modules():
        inner = next((_INNER[name] for name in map(dotted_name, type(one).__mro__) if name in _INNER), None)
        if inner is not None and hasattr(one, inner):
            yield path, one, inner


def base_state(model: Any, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model's own tensors, without those of adapters, under the names that they have without adapters."""
    found = dict(state)
    # The innermost first: a layer may stand in another one.
    for path, _, inner in reversed(list(_layers(model))):
        own = f"{path}.{inner}."
        found = {
            (f"{path}.{name.removeprefix(own)}" if name.startswith(own) else name): one
            for name, one in found.items()
            if name.startswith(own) or not name.startswith(f"{path}.")
        }
    return found


def added(model: Any, state: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return what adapters have added to a PEFT model's own tensors, where PEFT stores it as it is.

    Prompts are computed from what is trained, and stored instead of it.
    """
    if any(getattr(config, "is_prompt_learning", False) for config in model.peft_config.values()):
        return {}
    places = {place(one) for one in own.values() if hasattr(one, "untyped_storage")}
    return {name: one for name, one in state.items() if hasattr(one, "untyped_storage") and place(one) not in places}


def merged(model: Any) -> bool:
    """Tell whether an adapter is added into the model's own weights just now, so that both are not to be had apart."""
    return any(bool(getattr(one, "merged_adapters", None)) for _, one, _ in _layers(model))


# ---- the base model of an adapter, which is stored by its name alone if it can be ----


def not_named(base: Any, own: Mapping[str, Any]) -> str | None:
    """Say why the name of a base model would not give its weights back; None where it would.

    The files that it was loaded from are held against its tensors, one after the other.
    """
    name = base.__dict__.get("name_or_path") or getattr(getattr(base, "config", None), "_name_or_path", "")
    if not name:
        return "it has no name to load it by"
    if Path(name).exists():
        return f"it was loaded from {name}, which is on this machine only"
    if getattr(base, "hf_quantizer", None) is not None:
        return None  # other numbers stand in the files
    files = _cached(base, name)
    if not files:
        return f"the files of {name} are not in this machine's cache, so that nothing says that it is still the same"
    needed = {key: one for key, one in own.items() if not key.startswith(tuple(_replaced(base)))}
    changed = _changed(needed, files, getattr(base, "base_model_prefix", ""))
    return f"{', '.join(changed[:3])} are not as in {name}" if changed else None


def _replaced(base: Any) -> list[str]:
    """Return the prefixes of what adapters have copies of, which are used in its place (`modules_to_save`)."""
    return [f"{path}." for path, _, inner in _layers(base) if inner == _INNER[_WRAPPER]] or ["\0"]


def _cached(base: Any, name: str) -> list[str]:
    hub = importlib.import_module("transformers.utils.hub")

    where: dict[str, Any] = {
        "local_files_only": True,
        "revision": getattr(base.config, "_commit_hash", None),
        "_raise_exceptions_for_missing_entries": False,
        "_raise_exceptions_for_connection_errors": False,
        "_raise_exceptions_for_gated_repo": False,
    }
    try:
        if whole := hub.cached_file(name, "model.safetensors", **where):
            return [whole]
        index = hub.cached_file(name, "model.safetensors.index.json", **where)
        if index is None:
            return []
        parts = sorted(set(json.loads(Path(index).read_text(encoding="utf-8"))["weight_map"].values()))
        return list(hub.cached_files(name, parts, **where) or ())
    except (OSError, ValueError, KeyError):
        return []


def _changed(own: Mapping[str, Any], files: list[str], prefix: str) -> list[str]:
    """Name the tensors that are not in the files as they are in memory, under their name or that of an inner model."""
    from safetensors import safe_open

    todo = dict(own)
    for file in files:
        with safe_open(file, framework="pt") as content:
            keys = set(content.keys())
            for name in list(todo):
                stored = next((key for key in _names(name, prefix) if key in keys), None)
                if stored is not None and _same(content.get_tensor(stored), todo[name]):
                    del todo[name]
    return sorted(todo)


def _names(name: str, prefix: str) -> tuple[str, ...]:
    return (name, f"{prefix}.{name}", name.removeprefix(f"{prefix}."))


def _same(stored: Any, tensor: Any) -> bool:
    import torch

    return tuple(stored.shape) == tuple(tensor.shape) and torch.equal(stored.to(tensor.dtype), tensor.detach().cpu())
