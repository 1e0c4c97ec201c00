"""Run a reproducible JupyterLab with MLflow, and keep every run with the notebook that made it.

import jupyter_utils

jupyter_utils.save_mlflow(experiment_name="test_exp", params={"lr": 0.1}, metrics={"f1": 0.9})
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from types import ModuleType

    from .artifacts import register_writer
    from .comparisons.compare import compare
    from .comparisons.result import Comparison
    from .errors import JupyterUtilsError
    from .kernels.inputs import record_input
    from .reproduction.reproduce import reproduce
    from .reproduction.reproduced import Reproduction
    from .runs.explain import Explanation, explain
    from .runs.listing import runs
    from .runs.load import LoadedRun, load_mlflow
    from .runs.records.seeds import fix_seeds
    from .runs.save import SaveResult, save_mlflow

    __version__: str

__all__ = [
    "Comparison",
    "Explanation",
    "JupyterUtilsError",
    "LoadedRun",
    "Reproduction",
    "SaveResult",
    "__version__",
    "compare",
    "explain",
    "fix_seeds",
    "load_mlflow",
    "record_input",
    "register_writer",
    "reproduce",
    "runs",
    "save_mlflow",
]

# Imported when first asked for: the console command must not wait for MLflow, nor a notebook for torch.
_HOMES = {
    "Comparison": ".comparisons.result",
    "Explanation": ".runs.explain",
    "JupyterUtilsError": ".errors",
    "LoadedRun": ".runs.load",
    "Reproduction": ".reproduction.reproduced",
    "SaveResult": ".runs.result",
    "compare": ".comparisons.compare",
    "explain": ".runs.explain",
    "fix_seeds": ".runs.records.seeds",
    "load_mlflow": ".runs.load",
    "record_input": ".kernels.inputs",
    "register_writer": ".artifacts",
    "reproduce": ".reproduction.reproduce",
    "save_mlflow": ".runs.save",
}
# A package of this name has the function's place as soon as anything in it is imported; it can be called (`runs`).
_CALLED = ("runs",)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("jupyter-utils")
    if name in _CALLED:
        return importlib.import_module(f".{name}", __name__)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Moved:
    """Finds modules by the names that they had in release 0.1.0, since pickled objects name them."""

    NAMES: ClassVar = {"load": "runs.load", "result": "runs.result", "save": "runs.save"}

    @classmethod
    def find_spec(cls, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG003
        package, _, module = name.partition(".")
        return ModuleSpec(name, cls) if package == __name__ and module in cls.NAMES else None  # type: ignore[arg-type]

    @staticmethod
    def create_module(spec: ModuleSpec) -> None:
        """Let Python make an empty one, which is not used."""

    @classmethod
    def exec_module(cls, module: ModuleType) -> None:
        moved = cls.NAMES[module.__name__.partition(".")[2]]
        sys.modules[module.__name__] = importlib.import_module(f"{__name__}.{moved}")


sys.meta_path.append(_Moved)


def _is_script() -> bool:
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    return main is not None and not main.startswith((sys.prefix, sys.base_prefix, "/nix/store/"))


# What a kernel or a script runs and reads is recorded from now on; commands and servers of this package do not wait.
if "ipykernel" in sys.modules:
    importlib.import_module(".kernels.cells", __name__).record()
    importlib.import_module(".kernels.inputs", __name__).record()
elif _is_script():
    importlib.import_module(".kernels.sources", __name__).watch_script()
    importlib.import_module(".kernels.inputs", __name__).record()
