"""Run a reproducible JupyterLab with MLflow, and keep every run with the notebook that made it.

import jupyter_utils

jupyter_utils.save_mlflow(experiment_name="test_exp", params={"lr": 0.1}, metrics={"f1": 0.9})
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .artifacts import register_writer
    from .errors import JupyterUtilsError
    from .load import LoadedRun, load_mlflow
    from .save import SaveResult, save_mlflow

    __version__: str

__all__ = [
    "JupyterUtilsError",
    "LoadedRun",
    "SaveResult",
    "__version__",
    "load_mlflow",
    "register_writer",
    "save_mlflow",
]

# Imported when first asked for: the console command must not wait for MLflow, nor a notebook for torch.
_HOMES = {
    "JupyterUtilsError": ".errors",
    "LoadedRun": ".load",
    "SaveResult": ".save",
    "load_mlflow": ".load",
    "register_writer": ".artifacts",
    "save_mlflow": ".save",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415

        return version("jupyter-utils")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
