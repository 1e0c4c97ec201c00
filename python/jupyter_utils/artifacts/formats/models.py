"""Models: Hugging Face transformers, PEFT, LightGBM and scikit-learn; those of torch are tensors."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from jupyter_utils.adapters.transformers import ForeignCodeError, no_question
from jupyter_utils.artifacts.registry import (
    CannotReadError,
    CannotWriteError,
    Details,
    NotTrustedError,
    Written,
    dotted_name,
)

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


def write_pretrained(value: Any, path: Path) -> Written:
    """Write the directory that `from_pretrained` loads; weights are copied to the CPU by transformers itself."""
    path.mkdir()
    value.save_pretrained(path)
    return Written({"class": type(value).__name__, "module": type(value).__module__})


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
    try:
        with no_question():
            return cls.from_pretrained(path)
    except ForeignCodeError as error:
        if not trust:
            raise NotTrustedError("its files ask for code that is not of transformers") from error
    try:
        with no_question():
            return cls.from_pretrained(path, trust_remote_code=True)
    except ForeignCodeError as error:
        raise CannotReadError(f"a part of it asks for foreign code: load that part from {path} by hand") from error


def _is_storable(cls: object) -> bool:
    """Tell whether a manifest of ours can name it: never a function, nor an Auto class, whose files choose the code."""
    return isinstance(cls, type) and any(dotted_name(base) in PRETRAINED for base in cls.__mro__)


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
