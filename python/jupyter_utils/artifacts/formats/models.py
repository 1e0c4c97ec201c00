"""Models of Hugging Face: transformers and PEFT, in the directories that their `from_pretrained` loads."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from jupyter_utils.adapters.transformers import ForeignCodeError, no_question
from jupyter_utils.artifacts.registry import CannotReadError, Details, NotTrustedError, Written, dotted_name
from jupyter_utils.artifacts.weights.adapters import added, base_state, is_adapted, merged, not_named
from jupyter_utils.artifacts.weights.files import checkpoint_file
from jupyter_utils.artifacts.weights.modules import own_class, state_of
from jupyter_utils.artifacts.weights.pretrained import Files, save_bare, unlike, writing
from jupyter_utils.artifacts.weights.whole import NotWholeError

if TYPE_CHECKING:
    from pathlib import Path


# ---- transformers ----

PRETRAINED = (
    "transformers.modeling_utils.PreTrainedModel",
    "transformers.tokenization_utils_base.PreTrainedTokenizerBase",
    "transformers.processing_utils.ProcessorMixin",
    "transformers.feature_extraction_utils.FeatureExtractionMixin",
    "transformers.image_processing_base.ImageProcessingMixin",
    "transformers.configuration_utils.PreTrainedConfig",
    "transformers.configuration_utils.PretrainedConfig",
)
"""The classes whose subclasses are stored as the directory that their `from_pretrained` loads."""


_SHOWN = 3
_BASE = "base_model"


def check_pretrained(value: Any) -> str | None:
    """Name what of a model is not to be had: values that are elsewhere, and adapters that are merged."""
    if not hasattr(value, "state_dict"):  # a tokenizer
        return None
    if merged(value):
        return "has an adapter merged into its weights: call unmerge_adapter() first, or merge_and_unload() for good"
    try:
        state_of(value)
    except NotWholeError as error:
        return str(error)
    return None


def write_pretrained(value: Any, path: Path) -> Written:
    """Write the directory that `from_pretrained` loads, the adapters of a model with it, each weight once."""
    path.mkdir()
    details: Details = {"class": own_class(value).__name__, "module": own_class(value).__module__}
    if not hasattr(value, "state_dict"):
        value.save_pretrained(path)
        return Written(details)
    state = state_of(value)
    if not is_adapted(value):
        return write_pretrained_state(value, path, state)
    own = base_state(value, state)
    with writing(state) as files:
        save_bare(value, path, own)
        details |= _write_adapters(value, path, state, files)
    return _described(details, files.missing(state) or unlike(value, own))


def write_pretrained_state(model: Any, path: Path, state: dict[str, Any]) -> Written:
    """Write a model without its adapters; what `from_pretrained` would give is held against it."""
    with writing(state) as files:
        save_bare(model, path, state)
    details: Details = {"class": own_class(model).__name__, "module": own_class(model).__module__}
    return _described(details, files.missing(state) or unlike(model, state))


def _described(details: Details, lost: list[str]) -> Written:
    return Written(details | ({"lost": lost} if lost else {}), warnings=_lost_warning(lost))


def _lost_warning(lost: list[str]) -> tuple[str, ...]:
    if not lost:
        return ()
    named = ", ".join(lost[:_SHOWN]) + (f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else "")
    warning = (
        f"is not what its class makes of its configuration: from_pretrained would not give {named} back. All weights "
        "are in its files; store the model's state_dict() as .pt beside it, or correct the configuration (num_labels)."
    )
    return (warning,)


def _write_adapters(model: Any, path: Path, state: dict[str, Any], files: Files) -> Details:
    """Write the active adapter beside the model, where `from_pretrained` looks for it, and others in folders."""
    active = model.active_adapters()
    names = sorted(model.peft_config, key=lambda name: (name not in active, name))
    for name in names:
        folder = path if name == names[0] else path / name
        folder.mkdir(exist_ok=True)
        model.peft_config[name].save_pretrained(str(folder))
        tensors = model.get_adapter_state_dict(name, state_dict=dict(state))
        prefixed = {f"base_model.model.{key}": one for key, one in tensors.items()}
        files.write(prefixed, str(folder / "adapter_model.safetensors"), {"format": "pt"})
    return {"adapters": names, "active": list(active)}


def read_pretrained(path: Path, details: Details) -> Any:
    """Load with the class that was saved, where transformers itself has it; no foreign code without `trust`."""
    cls = getattr(importlib.import_module("transformers"), details["class"], None)
    if cls is None:
        raise CannotReadError(
            f"it was a {details['module']}.{details['class']}, which transformers does not have: "
            f"load the directory with that class's from_pretrained('{path}')"
        )
    trust = bool(details.get("trust"))
    if not trust and not _is_storable(cls):
        raise NotTrustedError(f"transformers.{details['class']} is no class whose values save_mlflow stores")
    if details.get("lost"):
        raise CannotReadError(
            f"{details['class']}, made from its configuration, does not have {', '.join(details['lost'][:_SHOWN])} as "
            f"the model had: make the model as it was, and load the files of weights in {path}"
        )
    return _with_adapters(_as_stored(_from_pretrained(cls, path, details, trust=trust), path), path, details)


def _from_pretrained(cls: Any, path: Path, details: Details, *, trust: bool) -> Any:
    more: dict[str, Any] = {"adapter_name": details["adapters"][0]} if details.get("adapters") else {}
    if details.get("device") and hasattr(cls, "named_parameters"):
        more["device_map"] = {"": details["device"]}
    try:
        with no_question():
            return cls.from_pretrained(path, **more)
    except ForeignCodeError as error:
        if not trust:
            raise NotTrustedError("its files ask for code that is not of transformers") from error
    try:
        with no_question():
            return cls.from_pretrained(path, trust_remote_code=True, **more)
    except ForeignCodeError as error:
        raise CannotReadError(f"a part of it asks for foreign code: load that part from {path} by hand") from error


def _as_stored(value: Any, path: Path) -> Any:
    """Set each tensor to the type that it has in the files: transformers makes all of them the configuration's."""
    if not hasattr(value, "named_parameters"):
        return value
    from safetensors import safe_open

    own = dict(value.named_parameters()) | dict(value.named_buffers())
    same: dict[Any, set[str]] = {}  # what a type of torch is called in the files
    for file in sorted(path.glob("model*.safetensors")):
        with safe_open(file, framework="pt") as content:
            for name in set(content.keys()) & own.keys():
                if (kind := content.get_slice(name).get_dtype()) not in same.setdefault(own[name].dtype, set()):
                    stored = content.get_tensor(name)
                    if stored.dtype == own[name].dtype:
                        same[stored.dtype].add(kind)
                    else:
                        own[name].data = stored.to(own[name].device)
    return value


def _with_adapters(value: Any, path: Path, details: Details) -> Any:
    for name in details.get("adapters", ())[1:]:
        value.load_adapter(str(path / name), adapter_name=name)
    if details.get("active"):
        value.set_adapter(details["active"])
    return value


def _is_storable(cls: object) -> bool:
    """Tell whether a manifest of ours can name it: never a function, nor an Auto class, whose files choose the code."""
    return isinstance(cls, type) and any(dotted_name(base) in PRETRAINED for base in cls.__mro__)


# ---- PEFT ----


def check_adapter(value: Any) -> str | None:
    return check_pretrained(value)


def write_adapter(value: Any, path: Path) -> Written:
    """Write the adapters' directory; the base model is named in it, and copied only if the name would not give it."""
    state = state_of(value)
    with writing(state) as files:
        value.save_pretrained(str(path), state_dict=dict(state))
    base = value.get_base_model()
    own = base_state(base, state_of(base))
    lost = files.missing(added(value, state, own))
    details: Details = {"class": type(value).__name__} | ({"lost": lost} if lost else {})
    why = not_named(base, own)
    if why is None:
        return Written(details, warnings=_adapter_warning(lost))
    said = f"has its base model beside it, in {_BASE}: {why}"
    if not hasattr(base, "save_pretrained"):
        checkpoint_file(own, path / f"{_BASE}.pt")
        return Written(details, warnings=(f"{said} (its state_dict, in {_BASE}.pt)", *_adapter_warning(lost)))
    written = write_pretrained_state(base, path / _BASE, own)
    adapters = {"adapters": list(value.peft_config), "active": _names(value.active_adapters)}
    return Written(
        details | adapters | {"base": written.details}, warnings=(said, *written.warnings, *_adapter_warning(lost))
    )


def _adapter_warning(lost: list[str]) -> tuple[str, ...]:
    return (f"does not have all that the adapters do: PEFT leaves out {', '.join(lost[:_SHOWN])}",) if lost else ()


def _names(active: Any) -> list[str]:
    return [active] if isinstance(active, str) else list(active)


def read_adapter(path: Path, details: Details) -> Any:
    """Return the model where its base was stored with it, else the directory.

    That is for `peft.PeftModel.from_pretrained(base, directory)`: callers have the base, or its name.
    """
    if not details.get("base"):
        return path
    import peft

    base = read_pretrained(path / _BASE, details["base"] | {name: details.get(name) for name in ("trust", "device")})
    first, *others = details["adapters"]
    model = peft.PeftModel.from_pretrained(base, str(_folder(path, first)), adapter_name=first)
    for name in others:
        model.load_adapter(str(_folder(path, name)), adapter_name=name)
    model.set_adapter(details["active"][0] if len(details["active"]) == 1 else details["active"])
    return model


def _folder(path: Path, adapter: str) -> Path:
    """Return where PEFT puts an adapter."""
    return path if adapter == "default" else path / adapter
