"""Models of LightGBM and scikit-learn."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.registry import CannotWriteError, Details, NotTrustedError, Written

if TYPE_CHECKING:
    from pathlib import Path

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
