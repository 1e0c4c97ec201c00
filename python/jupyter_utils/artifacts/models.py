"""Models: Hugging Face transformers, torch, LightGBM and scikit-learn."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .registry import CannotReadError, CannotWriteError, Details, NotTrustedError, Written

if TYPE_CHECKING:
    from pathlib import Path


# ---- transformers ----


def write_pretrained(value: Any, path: Path) -> Written:
    """Write the directory that `from_pretrained` loads; weights are copied to the CPU by transformers itself."""
    path.mkdir()
    value.save_pretrained(path)
    return Written({"class": type(value).__name__, "module": type(value).__module__})


def read_pretrained(path: Path, details: Details) -> Any:
    """Load with the class that was saved, where transformers itself has it; never code from the directory."""
    cls = getattr(importlib.import_module("transformers"), details["class"], None)
    if cls is None:
        raise CannotReadError(
            f"it was a {details['module']}.{details['class']}, which transformers does not have: "
            f"load the directory with that class's from_pretrained('{path}')"
        )
    return cls.from_pretrained(path)


# ---- torch ----


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


# ---- PEFT ----


def write_adapter(value: Any, path: Path) -> Written:
    """Write the adapter's directory alone; the base model is named in it, not copied."""
    value.save_pretrained(str(path))
    return Written({"class": type(value).__name__})


def read_adapter(path: Path, _: Details) -> Path:
    """Return the adapter's directory, for `peft.PeftModel.from_pretrained(base, directory)`: callers have the base."""
    return path


# ---- LightGBM ----


def check_lightgbm(value: Any) -> str | None:
    if hasattr(value, "booster_") or hasattr(value, "model_to_string"):
        return None
    return "is not fitted yet: call its fit() first"


def write_lightgbm(value: Any, path: Path) -> Written:
    """Write LightGBM's own model text; of the scikit-learn wrapper, the class labels go into the manifest."""
    booster = getattr(value, "booster_", value)
    booster.save_model(str(path))
    classes = getattr(value, "classes_", None)
    return Written({"class": type(value).__name__, "classes": None if classes is None else classes.tolist()})


def read_lightgbm(path: Path, _: Details) -> Any:
    return importlib.import_module("lightgbm").Booster(model_file=str(path))


# ---- scikit-learn ----


def write_skops(value: Any, path: Path) -> Written:
    """Write in skops' format, which loads without running code; types that it does not know are named."""
    import skops.io

    try:
        skops.io.dump(value, path)
        untrusted = skops.io.get_untrusted_types(file=path)
        # What skops writes it cannot always read (a compiled pattern, for one); our own value is safe to try.
        skops.io.load(path, trusted=untrusted)
    except Exception as error:
        raise CannotWriteError(f"skops cannot hold it: {error}") from error
    return Written({"class": f"{type(value).__module__}.{type(value).__qualname__}", "untrusted_types": untrusted})


def read_skops(path: Path, details: Details) -> Any:
    """Load without running code; types that skops does not know are built only with `trust=True`."""
    import skops.io

    unknown = skops.io.get_untrusted_types(file=path)
    if unknown and not details.get("trust"):
        raise NotTrustedError(f"it holds types that skops does not know to be harmless: {', '.join(unknown)}")
    return skops.io.load(path, trusted=unknown)
