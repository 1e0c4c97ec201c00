"""Arrays of numpy."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.registry import Details, Written

if TYPE_CHECKING:
    from pathlib import Path


def check_array(value: Any) -> str | None:
    if value.dtype.hasobject:
        return "holds Python objects, which numpy could only pickle: convert it to numbers or texts"
    return None


def write_array(value: Any, path: Path) -> Written:
    """Write numpy's own format, without pickle."""
    with path.open("wb") as file:
        importlib.import_module("numpy").save(file, value, allow_pickle=False)
    return Written({"dtype": str(value.dtype), "shape": list(value.shape)})


def read_array(path: Path, _: Details) -> Any:
    return importlib.import_module("numpy").load(path, allow_pickle=False)
